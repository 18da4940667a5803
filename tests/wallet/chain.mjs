// What the chain itself says, asked of the node and of nobody else.
import { Cl, ClarityType, fetchCallReadOnlyFunction } from "@stacks/transactions";

/** Turn Clarity into plain values; integers become numbers, which all of ours fit. */
export function plain(value) {
  switch (value.type) {
    case ClarityType.UInt:
    case ClarityType.Int:
      return Number(value.value);
    case ClarityType.BoolTrue:
      return true;
    case ClarityType.BoolFalse:
      return false;
    case ClarityType.OptionalNone:
      return null;
    case ClarityType.OptionalSome:
    case ClarityType.ResponseOk:
      return plain(value.value);
    case ClarityType.Tuple:
      return Object.fromEntries(Object.entries(value.value).map(([name, inner]) => [name, plain(inner)]));
    case ClarityType.List:
      return value.value.map(plain);
    default:
      return value.value;
  }
}

export class Chain {
  #node;
  #contracts;

  constructor(node, contracts) {
    this.#node = node;
    this.#contracts = contracts;
  }

  balance(who) {
    return this.#read(this.#contracts.sbtc_token, "get-balance", Cl.principal(who));
  }

  vault() {
    return this.balance(this.#contracts.liquidity_pool);
  }

  totals() {
    return this.#read(this.#contracts.liquidity_pool, "get-pool-totals");
  }

  provider(who) {
    return this.#read(this.#contracts.liquidity_pool, "get-provider-totals", Cl.principal(who));
  }

  collateral(policyId) {
    return this.#read(this.#contracts.liquidity_pool, "get-collateral", Cl.uint(policyId));
  }

  isSerialUsed(serial) {
    return this.#read(this.#contracts.liquidity_pool, "is-serial-used", Cl.bufferFromHex(serial));
  }

  policy(policyId) {
    return this.#read(this.#contracts.policy_registry, "get-policy-data", Cl.uint(policyId));
  }

  treasury() {
    return this.#read(this.#contracts.policy_registry, "get-principal", Cl.stringAscii("treasury"));
  }

  async #read(contract, functionName, ...functionArgs) {
    const [contractAddress, contractName] = contract.split(".");
    const answer = await fetchCallReadOnlyFunction({
      contractAddress,
      contractName,
      functionName,
      functionArgs,
      senderAddress: contractAddress,
      network: "testnet",
      client: { baseUrl: this.#node },
    });
    return plain(answer);
  }
}
