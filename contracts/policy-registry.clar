;; policy-registry: the ledger of policies, and who may say what about them.
;;
;; Holds   policies (terms, owner, status), the keys that sign, the parameters, and all governance. No money, and it
;;         calls no other contract.
;; Trusts  quote keys for an offer, attestors for a price, a policy's owner for an early exercise; the pool to move the
;;         money that goes with what it records; the backend only to mark as expired what is due anyway; the owner after
;;         a timelock; the guardian to stop things for a while.
;; Time    is `burn-block-height` as this contract sees it (`get-clock`), beside Unix seconds in quotes and orders.
;; Signed  messages are SIP-018 tuples that name their `kind` and this contract; two kinds never have the same fields.

;; ---------------------------------------------------------------- errors

(define-constant ERR_NOT_OWNER (err u100)) ;; the caller is not the owner
(define-constant ERR_NOT_POOL (err u101)) ;; the caller is not the liquidity pool
(define-constant ERR_NOT_BACKEND (err u102)) ;; the caller is neither the backend nor the pool
(define-constant ERR_NOT_GUARDIAN (err u103)) ;; the caller is not the guardian, nor the owner where the owner may
(define-constant ERR_SALES_PAUSED (err u104)) ;; sales are paused
(define-constant ERR_SETTLEMENTS_PAUSED (err u105)) ;; settlements are paused
(define-constant ERR_TERMS (err u106)) ;; a term of the quote is outside its bounds
(define-constant ERR_QUOTE_LAPSED (err u107)) ;; the quote is no longer valid, by height or by time
(define-constant ERR_QUOTE_USED (err u108)) ;; the quote has been bought already
(define-constant ERR_QUOTE_SIGNATURE (err u109)) ;; the quote is not signed by enough quote keys
(define-constant ERR_PRICE_RULE (err u110)) ;; no rule allows the price of this height here
(define-constant ERR_ATTESTATION (err u111)) ;; the price is not signed by enough attestors as the rule demands
(define-constant ERR_UNDERPRICED (err u112)) ;; the policy would pay more at once than it costs
(define-constant ERR_UNKNOWN_POLICY (err u113)) ;; there is no such policy
(define-constant ERR_STATUS (err u114)) ;; the policy's status does not allow it
(define-constant ERR_TOO_EARLY (err u115)) ;; the policy's deadline has not passed
(define-constant ERR_OUT_OF_THE_MONEY (err u116)) ;; the policy pays nothing at this price
(define-constant ERR_NOT_HOLDER (err u117)) ;; the caller is not the policy's owner
(define-constant ERR_ORDER_LAPSED (err u118)) ;; the holder's order is no longer valid
(define-constant ERR_ORDER_SIGNATURE (err u119)) ;; the order is not signed by the policy's owner
(define-constant ERR_ORDER_MINIMUM (err u120)) ;; the policy pays less than the order demands
(define-constant ERR_UNKNOWN_NAME (err u121)) ;; no role, key, parameter or pause of that name
(define-constant ERR_BOUNDS (err u122)) ;; a value is outside its bounds
(define-constant ERR_UNKNOWN_CHANGE (err u123)) ;; no such change is waiting, or it was voided
(define-constant ERR_TIMELOCK (err u124)) ;; the change's timelock has not passed
(define-constant ERR_CHANGE_LAPSED (err u125)) ;; the change was not executed in time
(define-constant ERR_KEYS_LEFT (err u126)) ;; a role would have fewer keys than must sign
(define-constant ERR_SEALED (err u127)) ;; the pool has been set, once and for all
(define-constant ERR_PAUSE_LIMIT (err u128)) ;; a pause of that kind ended too short a time ago
(define-constant ERR_TOO_LATE (err u129)) ;; the policy is too near its expiry
(define-constant ERR_REQUESTED (err u130)) ;; an earlier request can still be settled
(define-constant ERR_IN_THE_MONEY (err u131)) ;; the policy pays at the price of its expiry

;; ---------------------------------------------------------------- constants

(define-constant MAX_PRICE u9000000000000000) ;; USD x 1e8 per BTC, for prices and strikes
(define-constant MAX_AMOUNT u100000000000) ;; sats; x MAX_PRICE stays below 2^90
(define-constant MAX_HEIGHT u18446744073709551615) ;; no sum of heights below it overflows
(define-constant BPS u10000)
(define-constant SHARES u20) ;; collateral is at least a twentieth of the amount
(define-constant ORDER_GRACE u7200) ;; seconds that an order may be settled beyond its valid-until
(define-constant PAUSE_EXTRA u36) ;; blocks that a pause may outlast the timelock
(define-constant PAUSE_REST u1008) ;; blocks without a pause after one
(define-constant CHANGE_LIFE u1008) ;; blocks that a change may be executed in, once ready
(define-constant HALF_ORDER 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0) ;; secp256k1's n / 2
;; None of the consensus buffers below can fail: they serialise tuples of bounded size.
(define-constant DOMAIN_HASH (sha256 (unwrap-panic (to-consensus-buff?
  { name: "BitHedge", version: "1", chain-id: chain-id }))))
(define-constant DIGEST_PREFIX (concat 0x534950303138 DOMAIN_HASH))

;; ---------------------------------------------------------------- variables

(define-data-var policy-count uint u0)
(define-data-var change-count uint u0)
;; No change up to `changes` may be executed; for the guardian's seat the mark is `seat`, out of the guardian's reach.
(define-data-var voided { changes: uint, seat: uint } { changes: u0, seat: u0 })

;; ---------------------------------------------------------------- maps

(define-map policies uint {
  quote-id: (buff 16), owner: principal, option: (string-ascii 4), strike: uint, amount: uint, collateral: uint,
  premium: uint, fee: uint, tier: (string-ascii 12), expiry: uint, start: uint, status: (string-ascii 7), price: uint,
  payout: uint, ended: uint })
(define-map quotes (buff 16) uint) ;; quote id -> policy id
(define-map requests uint { height: uint, min-payout: uint }) ;; policy id -> the holder's last request
(define-map principals (string-ascii 16) principal)
(define-map signers { role: (string-ascii 16), key: (buff 33) } bool)
(define-map signer-counts (string-ascii 16) uint)
(define-map parameters (string-ascii 16) { value: uint, low: uint, high: uint })
(define-map changes uint {
  action: (string-ascii 9), name: (string-ascii 16), value: uint, key: (buff 33), who: principal, ready: uint })
(define-map pauses (string-ascii 16) uint) ;; what -> the first height at which it is no longer paused

;; The deployer is everything until told otherwise.
(map-set principals "owner" tx-sender)
(map-set principals "guardian" tx-sender)
(map-set principals "treasury" tx-sender)
(map-set principals "backend" tx-sender)

(map-set parameters "quote" { value: u1, low: u1, high: u7 })
(map-set parameters "voucher" { value: u1, low: u1, high: u7 })
(map-set parameters "attestor" { value: u1, low: u1, high: u7 })
(map-set parameters "sale-age" { value: u2, low: u1, high: u24 })
(map-set parameters "max-age" { value: u2, low: u1, high: u6 })
(map-set parameters "grace" { value: u1008, low: u144, high: u4320 })
(map-set parameters "request-life" { value: u12, low: u6, high: u432 })
(map-set parameters "timelock" { value: u144, low: u72, high: u432 })
(map-set parameters "max-tenor" { value: u25920, low: u144, high: u52560 })
(map-set parameters "min-amount" { value: u100000, low: u10000, high: u100000000 })
(map-set parameters "max-amount" { value: u1000000000, low: u1000000, high: MAX_AMOUNT })
(map-set parameters "min-collateral" { value: u10000, low: u1000, high: u10000000 })
(map-set parameters "max-fee" { value: u1000, low: u0, high: u3000 })
(map-set parameters "min-deposit" { value: u10000, low: u1000, high: u100000000 })
(map-set parameters "window" { value: u144, low: u72, high: u1008 })
(map-set parameters "window-floor" { value: u1000000, low: u1000000, high: u1000000000 })
(map-set parameters "sale-share" { value: u2500, low: u100, high: u10000 })
(map-set parameters "outflow-share" { value: u2500, low: u500, high: u10000 })
(map-set parameters "profit-share" { value: u200, low: u50, high: u10000 })
(map-set parameters "yield-cap" { value: u10000, low: u1000, high: u1000000 })
(map-set parameters "buffer-share" { value: u2000, low: u0, high: u5000 })
(map-set parameters "silence" { value: u4320, low: u1008, high: u17280 })

;; ---------------------------------------------------------------- read-only: policies

(define-read-only (get-policy-data (policy-id uint)) (map-get? policies policy-id))
(define-read-only (get-policy-count) (var-get policy-count))
(define-read-only (is-quote-used (quote-id (buff 16))) (is-some (map-get? quotes quote-id)))
(define-read-only (get-policy-of-quote (quote-id (buff 16))) (map-get? quotes quote-id))
(define-read-only (get-request (policy-id uint)) (map-get? requests policy-id))

;; What a policy owes at a price: sats, rounded down, so that the pool keeps the fraction.
(define-read-only (get-payout (policy-id uint) (price uint))
  (let ((policy (unwrap! (map-get? policies policy-id) ERR_UNKNOWN_POLICY)))
    (asserts! (is-price price) ERR_BOUNDS)
    (ok (payout-of policy price))))

;; amount x distance / price, at most the collateral; u0 outside the bounds, where nothing is ever sold or settled.
;; amount x distance < 2^90, far from overflow.
(define-read-only (get-payout-for
    (option (string-ascii 4)) (strike uint) (amount uint) (collateral uint) (price uint))
  (let ((is-put (is-eq option "put")))
    (if (and (is-price price) (<= strike MAX_PRICE) (<= amount MAX_AMOUNT)
        (if is-put (< price strike) (> price strike)))
      (least collateral (/ (* amount (if is-put (- strike price) (- price strike))) price))
      u0)))

;; The last height at which a claim on the price of `height` comes before a release that needs no price.
(define-read-only (get-deadline (height uint)) (+ (after-pause height) (get-parameter "grace")))

(define-read-only (get-clock) { burn: burn-block-height, stacks: stacks-block-height, time: stacks-block-time })

(define-read-only (is-tier (tier (string-ascii 12)))
  (or (is-eq tier "conservative") (is-eq tier "balanced") (is-eq tier "aggressive")))

;; ---------------------------------------------------------------- read-only: governance

(define-read-only (get-principal (role (string-ascii 16))) (map-get? principals role))
;; The backend is set at deployment and replaced, never removed: it cannot be missing.
(define-read-only (get-backend-principal) (unwrap-panic (map-get? principals "backend")))
(define-read-only (get-parameter (name (string-ascii 16)))
  (match (map-get? parameters name) parameter (get value parameter) u0))
(define-read-only (get-parameter-bounds (name (string-ascii 16))) (map-get? parameters name))
(define-read-only (get-pool-rules)
  { window: (get-parameter "window"), window-floor: (get-parameter "window-floor"),
    sale-share: (get-parameter "sale-share"), outflow-share: (get-parameter "outflow-share"),
    profit-share: (get-parameter "profit-share"), yield-cap: (get-parameter "yield-cap") })
(define-read-only (is-signer (role (string-ascii 16)) (key (buff 33)))
  (is-some (map-get? signers { role: role, key: key })))
(define-read-only (get-signer-count (role (string-ascii 16))) (default-to u0 (map-get? signer-counts role)))
(define-read-only (get-change (id uint)) (map-get? changes id))
(define-read-only (get-paused-until (what (string-ascii 16))) (default-to u0 (map-get? pauses what)))
(define-read-only (is-paused (what (string-ascii 16))) (< burn-block-height (get-paused-until what)))

;; ---------------------------------------------------------------- read-only: signed messages

(define-read-only (get-domain-hash) DOMAIN_HASH)
(define-read-only (get-digest (message-hash (buff 32))) (sha256 (concat DIGEST_PREFIX message-hash)))

(define-read-only (quote-digest (terms {
    quote-id: (buff 16), owner: principal, option: (string-ascii 4), strike: uint, amount: uint, collateral: uint,
    premium: uint, fee: uint, tier: (string-ascii 12), expiry: uint, valid-until: uint, valid-until-time: uint }))
  (get-digest (sha256 (unwrap-panic (to-consensus-buff?
    (merge terms { kind: "quote", contract: current-contract }))))))

(define-read-only (attestation-digest (price uint) (height uint))
  (get-digest (sha256 (unwrap-panic (to-consensus-buff?
    { kind: "attestation", contract: current-contract, price: price, height: height })))))

(define-read-only (reading-digest (quote-id (buff 16)) (id (buff 16)) (price uint) (height uint))
  (get-digest (sha256 (unwrap-panic (to-consensus-buff?
    { kind: "reading", contract: current-contract, quote-id: quote-id, id: id, price: price, height: height })))))

(define-read-only (order-digest
    (owner principal) (policy-id uint) (quote-id (buff 16)) (id (buff 16)) (min-payout uint) (valid-until uint))
  (get-digest (sha256 (unwrap-panic (to-consensus-buff? {
    kind: "command", contract: current-contract, action: "activate-policy", address: owner, id: id,
    valid-until: valid-until, policy-id: policy-id, quote-id: quote-id, min-payout-sats: min-payout })))))

;; The id of the reading made for one sale. A hash has 32 bytes, so its first 16 are always there.
(define-read-only (get-sale-id (terms {
    quote-id: (buff 16), owner: principal, option: (string-ascii 4), strike: uint, amount: uint, collateral: uint,
    premium: uint, fee: uint, tier: (string-ascii 12), expiry: uint, valid-until: uint, valid-until-time: uint }))
  (unwrap-panic (as-max-len? (unwrap-panic (slice? (quote-digest terms) u0 u16)) u16)))

;; The key behind a signature R S V: 65 bytes, V 0 to 3, low S. The VM alone would also take a high S, so that one
;; message had two signatures. The digest's length is checked because the VM faults on a shorter one.
(define-read-only (recover-key (digest (buff 32)) (signature (buff 65)))
  (if (and (is-eq (len digest) u32) (is-eq (len signature) u65) (is-low-s signature))
    (match (secp256k1-recover? digest signature) key (some key) failure none)
    none))

;; Whether every signature recovers to a registered key of the role, no key twice, and as many as the role needs.
(define-read-only (is-signed-by (role (string-ascii 16)) (digest (buff 32)) (signatures (list 7 (buff 65))))
  (match (fold add-signer signatures (some { role: role, digest: digest, keys: (list) }))
    signed (and (> (len signatures) u0) (>= (len signatures) (get-parameter role)))
    false))

(define-read-only (verify-quote
    (terms {
      quote-id: (buff 16), owner: principal, option: (string-ascii 4), strike: uint, amount: uint, collateral: uint,
      premium: uint, fee: uint, tier: (string-ascii 12), expiry: uint, valid-until: uint, valid-until-time: uint })
    (signatures (list 7 (buff 65))))
  (is-signed-by "quote" (quote-digest terms) signatures))

(define-read-only (verify-attestation (price uint) (height uint) (signatures (list 7 (buff 65))))
  (is-signed-by "attestor" (attestation-digest price height) signatures))

(define-read-only (verify-reading
    (quote-id (buff 16)) (id (buff 16)) (price uint) (height uint) (signatures (list 7 (buff 65))))
  (is-signed-by "attestor" (reading-digest quote-id id price height) signatures))

;; ---------------------------------------------------------------- public: the life of a policy

;; Caller  the pool, which takes the premium and locks the collateral in the same transaction.
;; Moves   nothing; writes the policy and uses up the quote.
;; Errors  NOT_POOL, SALES_PAUSED, TERMS, QUOTE_LAPSED, QUOTE_SIGNATURE, PRICE_RULE (the reading's age), ATTESTATION
;;         (no reading for exactly these terms), UNDERPRICED, QUOTE_USED.
;; Prints  policy-created.
(define-public (create-policy-entry
    (terms {
      quote-id: (buff 16), owner: principal, option: (string-ascii 4), strike: uint, amount: uint, collateral: uint,
      premium: uint, fee: uint, tier: (string-ascii 12), expiry: uint, valid-until: uint, valid-until-time: uint })
    (signatures (list 7 (buff 65))) (price uint) (height uint) (readings (list 7 (buff 65))))
  (let ((id (+ (var-get policy-count) u1)) (now burn-block-height) (quote-id (get quote-id terms)))
    (asserts! (has-role "pool") ERR_NOT_POOL)
    (asserts! (not (is-paused "sales")) ERR_SALES_PAUSED)
    (asserts! (are-sane terms) ERR_TERMS)
    (asserts! (and (<= now (get valid-until terms)) (<= stacks-block-time (get valid-until-time terms)))
      ERR_QUOTE_LAPSED)
    (asserts! (verify-quote terms signatures) ERR_QUOTE_SIGNATURE)
    (asserts! (and (is-price price) (is-fresh height "sale-age")) ERR_PRICE_RULE)
    (asserts! (verify-reading quote-id (get-sale-id terms) price height readings) ERR_ATTESTATION)
    (asserts! (<= (get-payout-for (get option terms) (get strike terms) (get amount terms) (get collateral terms) price)
      (- (get premium terms) (get fee terms))) ERR_UNDERPRICED)
    (asserts! (map-insert quotes quote-id id) ERR_QUOTE_USED)
    (map-set policies id {
      quote-id: quote-id, owner: (get owner terms), option: (get option terms), strike: (get strike terms),
      amount: (get amount terms), collateral: (get collateral terms), premium: (get premium terms),
      fee: (get fee terms), tier: (get tier terms), expiry: (get expiry terms), start: now, status: "active",
      price: u0, payout: u0, ended: u0 })
    (var-set policy-count id)
    (print { topic: "policy-created", version: u1, height: now,
      policy-id: id, terms: terms, price: price, price-height: height })
    (ok id)))

;; Caller  the policy's owner.
;; Moves   nothing; binds the holder to the public price of the next height and to no other.
;; Errors  UNKNOWN_POLICY, NOT_HOLDER, STATUS, TOO_LATE, REQUESTED.
;; Prints  exercise-requested.
(define-public (request-exercise (policy-id uint) (min-payout uint))
  (let ((policy (unwrap! (map-get? policies policy-id) ERR_UNKNOWN_POLICY)) (now burn-block-height))
    (asserts! (is-eq contract-caller (get owner policy)) ERR_NOT_HOLDER)
    (asserts! (is-eq (get status policy) "active") ERR_STATUS)
    (asserts! (< now (get expiry policy)) ERR_TOO_LATE)
    (asserts! (match (map-get? requests policy-id) earlier (> now (request-deadline (get height earlier))) true)
      ERR_REQUESTED)
    (map-set requests policy-id { height: now, min-payout: min-payout })
    (print { topic: "exercise-requested", version: u1, height: now,
      policy-id: policy-id, quote-id: (get quote-id policy), owner: (get owner policy), min-payout: min-payout })
    (ok now)))

;; Caller  the backend, or the pool for a release without a price.
;; Moves   nothing; marks a policy expired. The collateral stays locked until the pool releases it.
;; Errors  UNKNOWN_POLICY, NOT_BACKEND, STATUS, TOO_EARLY. (ok false) if it is expired already.
;; Prints  policy-status-updated.
(define-public (update-policy-status (policy-id uint) (status (string-ascii 7)))
  (let ((policy (unwrap! (map-get? policies policy-id) ERR_UNKNOWN_POLICY)) (current (get status policy)))
    (asserts! (or (has-role "backend") (has-role "pool")) ERR_NOT_BACKEND)
    (asserts! (and (is-eq status "expired") (not (is-eq current "settled"))) ERR_STATUS)
    (asserts! (is-eq current "active") (ok false))
    (asserts! (> burn-block-height (get-deadline (get expiry policy))) ERR_TOO_EARLY)
    (ok (end-policy policy-id policy "expired" u0 u0))))

;; Caller  the pool, which pays the owner in the same transaction.
;; Moves   nothing; computes the payout from the stored terms and marks the policy settled.
;; Errors  UNKNOWN_POLICY, BOUNDS (price), NOT_POOL, SETTLEMENTS_PAUSED, STATUS, PRICE_RULE, ATTESTATION,
;;         OUT_OF_THE_MONEY; with an order ORDER_LAPSED, ORDER_MINIMUM, ORDER_SIGNATURE.
;; Prints  policy-status-updated.
(define-public (record-settlement
    (policy-id uint) (price uint) (height uint) (attestations (list 7 (buff 65)))
    (order (optional { id: (buff 16), valid-until: uint, min-payout: uint, signature: (buff 65) })))
  (let (
      (policy (unwrap! (map-get? policies policy-id) ERR_UNKNOWN_POLICY))
      (owner (get owner policy))
      (expiry (get expiry policy))
      (payout (payout-of policy price)))
    (asserts! (is-price price) ERR_BOUNDS)
    (asserts! (has-role "pool") ERR_NOT_POOL)
    (asserts! (not (is-paused "settlements")) ERR_SETTLEMENTS_PAUSED)
    (asserts! (is-eq (get status policy) "active") ERR_STATUS)
    (let ((rule (unwrap! (if (or (<= height (get start policy)) (> height expiry) (> height burn-block-height)) none
        (price-rule policy-id expiry height (is-eq payout (get collateral policy)) payout (is-some order)))
        ERR_PRICE_RULE)))
      (asserts! (match order
          ordered (verify-reading (get quote-id policy) (get id ordered) price height attestations)
          (verify-attestation price height attestations)) ERR_ATTESTATION)
      (asserts! (> payout u0) ERR_OUT_OF_THE_MONEY)
      (match order ordered (try! (check-order policy-id (get quote-id policy) owner payout ordered)) true)
      (end-policy policy-id policy "settled" price payout)
      (ok { owner: owner, payout: payout, rule: rule }))))

;; Caller  the pool, which has verified the public price of the height once for a whole batch.
;; Moves   nothing; marks a policy expired that owes nothing at the price of its expiry.
;; Errors  UNKNOWN_POLICY, NOT_POOL, BOUNDS (price), STATUS, TOO_EARLY (also for the price of another height),
;;         IN_THE_MONEY. (ok false) if it is expired already.
;; Prints  policy-status-updated.
(define-public (record-expiry (policy-id uint) (price uint) (height uint))
  (let (
      (policy (unwrap! (map-get? policies policy-id) ERR_UNKNOWN_POLICY))
      (expiry (get expiry policy)))
    (asserts! (has-role "pool") ERR_NOT_POOL)
    (asserts! (is-price price) ERR_BOUNDS)
    (asserts! (not (is-eq (get status policy) "settled")) ERR_STATUS)
    (asserts! (is-eq (get status policy) "active") (ok false))
    ;; The wait leaves every touch and every request its time.
    (asserts! (and (is-eq height expiry) (> burn-block-height (+ (after-pause expiry) (get-parameter "request-life"))))
      ERR_TOO_EARLY)
    (asserts! (is-eq (payout-of policy price) u0) ERR_IN_THE_MONEY)
    (ok (end-policy policy-id policy "expired" u0 u0))))

;; ---------------------------------------------------------------- public: governance
;; A proposal takes effect at once until the pool is set, and after the timelock from then on. No money moves here.

;; Caller  the owner, once: it seals the set-up.
;; Errors  NOT_OWNER, SEALED, KEYS_LEFT.
;; Prints  pool-set.
(define-public (set-pool (pool principal))
  (begin
    (asserts! (has-role "owner") ERR_NOT_OWNER)
    (asserts! (not (is-sealed)) ERR_SEALED)
    (asserts! (and (has-keys "quote") (has-keys "voucher") (has-keys "attestor")) ERR_KEYS_LEFT)
    (map-set principals "pool" pool)
    (print { topic: "pool-set", version: u1, height: burn-block-height, pool: pool })
    (ok true)))

;; Caller  the owner. A proposal; at once if it is the owner itself, which switches the backend off.
;; Errors  NOT_OWNER.
;; Prints  change-proposed, or change-made.
(define-public (set-backend-principal (who principal))
  (begin
    (asserts! (has-role "owner") ERR_NOT_OWNER)
    (ok (propose "principal" "backend" u0 0x who (has-role-as "owner" who)))))

;; Caller  the owner.
;; Errors  NOT_OWNER, UNKNOWN_NAME.
;; Prints  change-proposed, or change-made.
(define-public (propose-principal (role (string-ascii 16)) (who principal))
  (begin
    (asserts! (has-role "owner") ERR_NOT_OWNER)
    (asserts! (or (is-eq role "owner") (is-eq role "guardian") (is-eq role "treasury") (is-eq role "backend"))
      ERR_UNKNOWN_NAME)
    (ok (propose "principal" role u0 0x who false))))

;; Caller  the owner.
;; Errors  NOT_OWNER, UNKNOWN_NAME, BOUNDS (not a compressed key on the curve).
;; Prints  change-proposed, or change-made.
(define-public (propose-signer (role (string-ascii 16)) (key (buff 33)))
  (begin
    (asserts! (has-role "owner") ERR_NOT_OWNER)
    (asserts! (is-signing-role role) ERR_UNKNOWN_NAME)
    ;; The length comes first because the VM faults on a shorter key.
    (asserts! (and (is-eq (len key) u33) (is-ok (principal-of? key))) ERR_BOUNDS)
    (ok (propose "signer" role u0 key current-contract false))))

;; Caller  the owner.
;; Errors  UNKNOWN_NAME, NOT_OWNER, BOUNDS.
;; Prints  change-proposed, or change-made.
(define-public (propose-parameter (name (string-ascii 16)) (value uint))
  (let ((parameter (unwrap! (map-get? parameters name) ERR_UNKNOWN_NAME)))
    (asserts! (has-role "owner") ERR_NOT_OWNER)
    (asserts! (and (>= value (get low parameter)) (<= value (get high parameter))) ERR_BOUNDS)
    (ok (propose "parameter" name value 0x current-contract false))))

;; Caller  the owner; for the owner's own role the new one, who so accepts.
;; Errors  UNKNOWN_CHANGE, NOT_OWNER, UNKNOWN_CHANGE (voided), TIMELOCK, CHANGE_LAPSED, KEYS_LEFT.
;; Prints  change-made.
(define-public (execute-change (id uint))
  (let ((change (unwrap! (map-get? changes id) ERR_UNKNOWN_CHANGE)) (name (get name change)))
    (asserts! (if (is-change-of "owner" change) (is-eq contract-caller (get who change)) (has-role "owner"))
      ERR_NOT_OWNER)
    (asserts! (> id (if (is-change-of "guardian" change) (get seat (var-get voided)) (get changes (var-get voided))))
      ERR_UNKNOWN_CHANGE)
    (asserts! (>= burn-block-height (get ready change)) ERR_TIMELOCK)
    (asserts! (<= burn-block-height (+ (get ready change) CHANGE_LIFE)) ERR_CHANGE_LAPSED)
    (asserts! (or (not (is-eq (get action change) "parameter")) (not (is-signing-role name))
      (<= (get value change) (get-signer-count name))) ERR_KEYS_LEFT)
    (map-delete changes id)
    (apply-change id change)
    (ok id)))

;; Caller  the owner or the guardian, whose call spares proposals for the guardian's own seat.
;; Errors  NOT_GUARDIAN.
;; Prints  changes-cancelled.
(define-public (cancel-changes)
  (let ((count (var-get change-count)))
    (asserts! (or (has-role "owner") (has-role "guardian")) ERR_NOT_GUARDIAN)
    (var-set voided { changes: count, seat: (if (has-role "owner") count (get seat (var-get voided))) })
    (print { topic: "changes-cancelled", version: u1, height: burn-block-height, voided: (var-get voided) })
    (ok count)))

;; Caller  the owner or the guardian; at once.
;; Errors  NOT_GUARDIAN, UNKNOWN_NAME, KEYS_LEFT (quote keys excepted: without them nothing is sold, and nobody unpaid).
;; Prints  signer-removed.
(define-public (remove-signer (role (string-ascii 16)) (key (buff 33)))
  (let ((count (get-signer-count role)))
    (asserts! (or (has-role "owner") (has-role "guardian")) ERR_NOT_GUARDIAN)
    (asserts! (is-signer role key) ERR_UNKNOWN_NAME)
    (asserts! (or (is-eq role "quote") (> count (get-parameter role))) ERR_KEYS_LEFT)
    (map-delete signers { role: role, key: key })
    (map-set signer-counts role (- count u1))
    (print { topic: "signer-removed", version: u1, height: burn-block-height, role: role, key: key })
    (ok true)))

;; Caller  the guardian. Long enough for a changed key to come in, never endless.
;; Errors  NOT_GUARDIAN, UNKNOWN_NAME, BOUNDS, PAUSE_LIMIT (sales excepted).
;; Prints  paused.
(define-public (pause (what (string-ascii 16)) (blocks uint))
  (begin
    (asserts! (has-role "guardian") ERR_NOT_GUARDIAN)
    (asserts! (or (is-eq what "sales") (is-eq what "withdrawals") (is-eq what "settlements")) ERR_UNKNOWN_NAME)
    (asserts! (and (> blocks u0) (<= blocks (+ (get-parameter "timelock") PAUSE_EXTRA))) ERR_BOUNDS)
    (asserts! (or (is-eq what "sales")
      (match (map-get? pauses what) ended (>= burn-block-height (+ ended PAUSE_REST)) true)) ERR_PAUSE_LIMIT)
    (map-set pauses what (+ burn-block-height blocks))
    (print { topic: "paused", version: u1, height: burn-block-height, what: what, until: (get-paused-until what) })
    (ok true)))

;; Caller  the owner or the guardian.
;; Errors  NOT_GUARDIAN, UNKNOWN_NAME (not paused).
;; Prints  resumed.
(define-public (resume (what (string-ascii 16)))
  (begin
    (asserts! (or (has-role "owner") (has-role "guardian")) ERR_NOT_GUARDIAN)
    (asserts! (is-paused what) ERR_UNKNOWN_NAME)
    (map-set pauses what burn-block-height)
    (print { topic: "resumed", version: u1, height: burn-block-height, what: what })
    (ok true)))

;; ---------------------------------------------------------------- private: prices and terms

(define-private (least (a uint) (b uint)) (if (< a b) a b))
(define-private (is-price (price uint)) (and (> price u0) (<= price MAX_PRICE)))

;; Whether `height` has come and lies no more blocks back than the parameter says.
(define-private (is-fresh (height uint) (age (string-ascii 16)))
  (and (<= height burn-block-height) (<= burn-block-height (+ height (get-parameter age)))))

;; `height`, or the end of the last pause of settlements if that is later.
(define-private (after-pause (height uint))
  (let ((resumed (get-paused-until "settlements")))
    (if (> resumed height) resumed (least height MAX_HEIGHT))))

;; The last height at which a request made at `height` may be settled at the price of the next.
(define-private (request-deadline (height uint)) (+ (after-pause (+ height u1)) (get-parameter "request-life")))

(define-private (payout-of
    (policy {
      quote-id: (buff 16), owner: principal, option: (string-ascii 4), strike: uint, amount: uint, collateral: uint,
      premium: uint, fee: uint, tier: (string-ascii 12), expiry: uint, start: uint, status: (string-ascii 7),
      price: uint, payout: uint, ended: uint })
    (price uint))
  (get-payout-for (get option policy) (get strike policy) (get amount policy) (get collateral policy) price))

;; Whether terms lie within the bounds. Each product is formed after its factors' bounds have been checked.
(define-private (are-sane (terms {
    quote-id: (buff 16), owner: principal, option: (string-ascii 4), strike: uint, amount: uint, collateral: uint,
    premium: uint, fee: uint, tier: (string-ascii 12), expiry: uint, valid-until: uint, valid-until-time: uint }))
  (let (
      (amount (get amount terms)) (collateral (get collateral terms)) (premium (get premium terms))
      (expiry (get expiry terms)) (now burn-block-height))
    (and
      (or (is-eq (get option terms) "put") (is-eq (get option terms) "call"))
      (is-price (get strike terms))
      (>= amount (get-parameter "min-amount")) (<= amount (get-parameter "max-amount"))
      (>= collateral (get-parameter "min-collateral"))
      (>= collateral (/ amount SHARES)) (<= collateral amount)
      (> premium u0) (<= premium amount)
      (>= (* premium BPS) collateral)
      (<= (get fee terms) (/ (* premium (get-parameter "max-fee")) BPS))
      (is-tier (get tier terms))
      (> expiry now) (<= expiry (+ now (get-parameter "max-tenor"))))))

;; The first rule that lets the price of `height`, one of the policy's life, settle it. A holder who could pick among
;; past prices would hold a free option, so each rule fixes the price before it is known, or takes one that pays all.
;; An order goes by the first rule alone, because its price is a reading and not the public one.
(define-private (price-rule
    (policy-id uint) (expiry uint) (height uint) (is-whole bool) (payout uint) (is-ordered bool))
  (if is-ordered
    (if (is-fresh height "max-age") (some "daemon") none)
    (if is-whole (some "touch")
      (if (and (is-eq height expiry) (> burn-block-height expiry)) (some "expiry")
        (if (is-requested policy-id height payout) (some "request") none)))))

(define-private (is-requested (policy-id uint) (height uint) (payout uint))
  (match (map-get? requests policy-id) request
    (and (is-eq height (+ (get height request) u1)) (>= payout (get min-payout request))
      (<= burn-block-height (request-deadline (get height request))))
    false))

;; The order's time, minimum and signature. Time is compared by difference: valid-until may be any number.
(define-private (check-order
    (policy-id uint) (quote-id (buff 16)) (owner principal) (payout uint)
    (order { id: (buff 16), valid-until: uint, min-payout: uint, signature: (buff 65) }))
  (let (
      (valid-until (get valid-until order))
      (min-payout (get min-payout order))
      (digest (order-digest owner policy-id quote-id (get id order) min-payout valid-until)))
    (asserts! (or (<= stacks-block-time valid-until) (<= (- stacks-block-time valid-until) ORDER_GRACE))
      ERR_ORDER_LAPSED)
    (asserts! (>= payout min-payout) ERR_ORDER_MINIMUM)
    (asserts! (match (recover-key digest (get signature order)) key (is-eq (principal-of? key) (ok owner)) false)
      ERR_ORDER_SIGNATURE)
    (ok true)))

;; Writes a policy's end and prints it; always true.
(define-private (end-policy
    (policy-id uint)
    (policy {
      quote-id: (buff 16), owner: principal, option: (string-ascii 4), strike: uint, amount: uint, collateral: uint,
      premium: uint, fee: uint, tier: (string-ascii 12), expiry: uint, start: uint, status: (string-ascii 7),
      price: uint, payout: uint, ended: uint })
    (status (string-ascii 7)) (price uint) (payout uint))
  (begin
    (print { topic: "policy-status-updated", version: u1, height: burn-block-height, policy-id: policy-id,
      quote-id: (get quote-id policy), owner: (get owner policy), status: status, price: price, payout: payout })
    (map-set policies policy-id
      (merge policy { status: status, price: price, payout: payout, ended: burn-block-height }))))

;; ---------------------------------------------------------------- private: keys and changes

(define-private (has-role (role (string-ascii 16))) (has-role-as role contract-caller))
(define-private (has-role-as (role (string-ascii 16)) (who principal)) (is-eq (map-get? principals role) (some who)))
(define-private (is-sealed) (is-some (map-get? principals "pool")))
(define-private (is-signing-role (role (string-ascii 16)))
  (or (is-eq role "quote") (is-eq role "voucher") (is-eq role "attestor")))
(define-private (has-keys (role (string-ascii 16))) (>= (get-signer-count role) (get-parameter role)))

;; Of a signature of 65 bytes, so that the slice is there: its S is in the lower half. V is checked by the recovery.
(define-private (is-low-s (signature (buff 65)))
  (<= (unwrap-panic (slice? signature u32 u64)) HALF_ORDER))

;; Adds the key behind one signature to those seen; none for good once one is a stranger's or a repetition.
(define-private (add-signer
    (signature (buff 65))
    (seen (optional { role: (string-ascii 16), digest: (buff 32), keys: (list 7 (buff 33)) })))
  (let (
      (so-far (unwrap! seen none))
      (key (unwrap! (recover-key (get digest so-far) signature) none)))
    (asserts! (and (is-signer (get role so-far) key) (is-none (index-of? (get keys so-far) key))) none)
    (some (merge so-far { keys: (unwrap! (as-max-len? (append (get keys so-far) key) u7) none) }))))

(define-private (is-change-of
    (role (string-ascii 16))
    (change {
      action: (string-ascii 9), name: (string-ascii 16), value: uint, key: (buff 33), who: principal, ready: uint }))
  (and (is-eq (get action change) "principal") (is-eq (get name change) role)))

;; Stores a change for later, or makes it at once before the set-up is sealed or when told to; the change's id.
(define-private (propose
    (action (string-ascii 9)) (name (string-ascii 16)) (value uint) (key (buff 33)) (who principal) (at-once bool))
  (let (
      (id (+ (var-get change-count) u1))
      (waits (and (is-sealed) (not at-once)))
      (ready (+ burn-block-height (if waits (get-parameter "timelock") u0)))
      (change { action: action, name: name, value: value, key: key, who: who, ready: ready }))
    (var-set change-count id)
    (if waits
      (begin
        (print { topic: "change-proposed", version: u1, height: burn-block-height, id: id, change: change })
        (map-set changes id change))
      (apply-change id change))
    id))

;; Makes a change and prints it; whether anything is different now.
(define-private (apply-change
    (id uint)
    (change {
      action: (string-ascii 9), name: (string-ascii 16), value: uint, key: (buff 33), who: principal, ready: uint }))
  (let ((name (get name change)) (key (get key change)) (action (get action change)))
    (print { topic: "change-made", version: u1, height: burn-block-height, id: id, change: change })
    (if (is-eq action "principal") (map-set principals name (get who change))
      (if (is-eq action "signer") (add-key name key)
        (set-value name (get value change))))))

;; Registers a key; one that is registered already counts once.
(define-private (add-key (role (string-ascii 16)) (key (buff 33)))
  (and (map-insert signers { role: role, key: key } true)
    (map-set signer-counts role (+ (get-signer-count role) u1))))

;; The name was known when the change was proposed, and no parameter is ever removed.
(define-private (set-value (name (string-ascii 16)) (value uint))
  (map-set parameters name (merge (unwrap-panic (map-get? parameters name)) { value: value })))
