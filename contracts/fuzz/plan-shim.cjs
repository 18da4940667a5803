/**
 * Preloaded into Rendezvous 0.12: since 2026 the SDK writes each transaction of a deployment plan as
 * `transaction-type: x` beside its fields, where Rendezvous reads `x: { fields }`.
 */
const yaml = require("yaml");

const { parse } = yaml;
const nested = ({ "transaction-type": type, ...fields }) => (type === undefined ? fields : { [type]: fields });

yaml.parse = (...args) => {
  const plan = parse(...args);
  for (const batch of plan?.plan?.batches ?? []) batch.transactions = batch.transactions.map(nested);
  return plan;
};
