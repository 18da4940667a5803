/** The sheet in front of every signature: what will happen, decoded and compared, in words. */

import { sheet } from "../store/sheet";
import { BuySheet } from "./sheet-buy";
import { AutoExerciseSheet, ExerciseSheet, ExitSheet } from "./sheet-command";
import { DepositSheet, WithdrawSheet } from "./sheet-money";
import { OwnWaySheet } from "./sheet-own-way";

export function SignSheet() {
  const open = sheet.value;
  switch (open?.kind) {
    case "buy":
      return <BuySheet offer={open.offer} />;
    case "deposit":
      return <DepositSheet tier={open.tier} amount={open.amount} />;
    case "withdraw":
      return <WithdrawSheet tier={open.tier} amount={open.amount} />;
    case "exercise":
      return <ExerciseSheet policy={open.policy} payout={open.payout} />;
    case "own-way":
      return <OwnWaySheet policy={open.policy} asked={open.asked} />;
    case "auto-exercise":
      return <AutoExerciseSheet policy={open.policy} enabled={open.enabled} />;
    case "exit":
      return <ExitSheet tier={open.tier} enabled={open.enabled} />;
    default:
      return null;
  }
}
