from bithedge.http.tables import columns_of, csv_of, wants_csv
from bithedge.views.base import View
from bithedge.views.policies import PolicyView


class Part(View, frozen=True, kw_only=True):
    size: int


class Thing(View, frozen=True, kw_only=True):
    name: str | None
    part: Part | None
    whole: bool
    sizes: tuple[int, ...]


def test_nested_objects_are_dotted_columns() -> None:
    assert columns_of(Thing) == ["name", "part.size", "whole", "sizes"]
    assert "settlement.price_usd_e8" in columns_of(PolicyView)


def test_each_item_is_a_row_whatever_it_lacks() -> None:
    things = [
        Thing(name="a,b", part=Part(size=1), whole=True, sizes=(1, 2)),
        Thing(name=None, part=None, whole=False, sizes=()),
    ]

    assert csv_of(Thing, things) == b'name,part.size,whole,sizes\r\n"a,b",1,true,"[1,2]"\r\n,,false,[]\r\n'


def test_nothing_is_a_table_of_its_head_alone() -> None:
    assert csv_of(Thing, []) == b"name,part.size,whole,sizes\r\n"


def test_a_spreadsheet_gets_no_formula_and_keeps_negative_numbers() -> None:
    table = csv_of(Part, [{"size": "=1+1"}, {"size": -7}])

    assert table == b"size\r\n'=1+1\r\n-7\r\n"


def test_csv_is_given_to_who_asks_for_it() -> None:
    assert wants_csv("text/csv")
    assert wants_csv("text/csv;q=0.9, */*")
    assert not wants_csv(None)
    assert not wants_csv("*/*")
    assert not wants_csv("application/json, text/csv")
