/** The words of this page, explained once. */

const WORDS: readonly (readonly [string, string])[] = [
  ["Strike", "The protected price. Below it (for a fall) or above it (for a rise) a policy pays."],
  ["Amount", "The Bitcoin whose fall or rise is covered. It stays in your wallet."],
  ["Max payout", "The most a policy can pay. All of it is locked in the vault from the sale to the end."],
  [
    "Floor and ceiling",
    "The price from which a payout grows no more: the floor of a fall, the ceiling of a rise.",
  ],
  ["Premium", "What you pay, once: fair value, margin, utilisation and fee. It is never given back."],
  ["Break-even", "The price at which the payout equals the premium."],
  [
    "Exercise",
    "You claim the payout. The price is made after your claim was accepted, so nobody can choose it.",
  ],
  ["Expiry", "The last block at which you may exercise. After it, a policy that pays is exercised for you."],
  ["Released", "The collateral of a policy that owes nothing goes back to its providers."],
  ["Reservation", "Capacity of the pool held for you, at most ten minutes, while you sign the purchase."],
  ["Tier", "A class of risk that a liquidity provider chooses: which strikes and how long it backs."],
  ["Utilisation", "The share of a tier's money that is locked or reserved."],
  ["Voucher", "The pool's signed leave to withdraw one amount, for you alone."],
  ["Exit mode", "Your money backs nothing new; what is locked comes free as policies end."],
  ["Final", "Deep enough under other blocks that no reorganisation takes it back."],
];

const KEYS: readonly (readonly [string, string])[] = [
  ["g then p, m, e, o", "Protect, My policies, Earn, Pool"],
  ["?", "This page"],
  ["↑ ↓ on a handle", "One step; Page Up and Page Down 5 %; Home and End the limits"],
  ["Esc", "Leave a sheet without effect"],
];

export function Help() {
  return (
    <article class="prose">
      <h1 class="sentence small">What the words mean</h1>
      <dl>
        {WORDS.map(([word, meaning]) => (
          <div key={word}>
            <dt>{word}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <h2>Exercise without us</h2>
      <p class="ink-2">
        The contract knows nothing of this page. Call <code class="mono">request-exercise</code> of the policy
        registry with your policy's number and the least you will take; the price of the next block binds both
        sides. Then anyone may call <code class="mono">settle-policy</code> of the pool with that block's
        public price, which every attestor gives to everyone, and the payout goes to you. After expiry the
        price of the last block serves the same way.
      </p>
      <h2>Keys</h2>
      <dl>
        {KEYS.map(([key, meaning]) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p class="ink-2">
        <a class="link" href="#/settings">
          Switch the single keys off
        </a>{" "}
        ·{" "}
        <a class="link" href="docs">
          The HTTP interface
        </a>
      </p>
    </article>
  );
}
