"""Where the domain and the contracts meet: what they print, what they are asked, what is signed for them."""
