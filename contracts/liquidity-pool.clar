;; liquidity-pool: the sBTC behind every policy.
;;
;; Holds   all the sBTC, as three buckets: available, locked (the collateral of live policies) and buffer (a reserve).
;;         Always: balance = available + locked + buffer (+ donations), locked = the sum of `collaterals`, and
;;         the buckets = deposited + premiums - withdrawn - payouts - escaped.
;; Trusts  policy-registry, which checks quotes, prices and rules; voucher keys for a withdrawal, within limits by
;;         window and by provider; the backend only for the buffer and for the root of what providers are owed.
;; Pays    a policy's owner, a voucher's provider, and after a long silence each provider by the last root; nobody else.
;;         Anyone may settle, release, open the way out and pay by it: the rules decide, never the caller.

;; ---------------------------------------------------------------- errors

(define-constant ERR_NOT_DIRECT (err u200)) ;; whoever moves their own money calls directly, not through a contract
(define-constant ERR_NOT_OWNER_OF_TERMS (err u201)) ;; the caller is not the owner named in the terms
(define-constant ERR_NOT_BACKEND (err u202)) ;; the caller is not the backend
(define-constant ERR_CLOSED (err u203)) ;; the pool is closed for ever
(define-constant ERR_NOT_CLOSED (err u204)) ;; the pool is still open
(define-constant ERR_PAUSED (err u205)) ;; deposits (with sales) or withdrawals are paused
(define-constant ERR_TIER (err u206)) ;; there is no such tier
(define-constant ERR_AMOUNT (err u207)) ;; the amount is zero, or below the smallest deposit
(define-constant ERR_VOUCHER_LAPSED (err u208)) ;; the voucher is no longer valid
(define-constant ERR_SERIAL_USED (err u209)) ;; the voucher has been used already
(define-constant ERR_VOUCHER_SIGNATURE (err u210)) ;; the voucher is not signed by enough voucher keys
(define-constant ERR_AVAILABLE (err u211)) ;; more than the sats available
(define-constant ERR_YIELD_CAP (err u212)) ;; the provider would have taken out more than its deposits and the yield cap
(define-constant ERR_OUTFLOW_LIMIT (err u213)) ;; this window's withdrawals would pass their limit
(define-constant ERR_PROFIT_LIMIT (err u214)) ;; this window's profits would pass their limit
(define-constant ERR_SALE_LIMIT (err u215)) ;; this window's sales would pass their limit
(define-constant ERR_NO_COLLATERAL (err u216)) ;; no collateral is held for the policy
(define-constant ERR_NOTHING_TO_RELEASE (err u217)) ;; none of the policies can be released
(define-constant ERR_BUFFER (err u218)) ;; the buffer would pass its share, or is smaller than the amount
(define-constant ERR_LIABILITIES (err u219)) ;; the root is malformed, out of order or claims more than the vault
(define-constant ERR_NOT_SILENT (err u220)) ;; the last root is too recent for the way out
(define-constant ERR_PROOF (err u221)) ;; the leaf is not under the last root
(define-constant ERR_NOTHING_DUE (err u222)) ;; nothing is due to the provider now
(define-constant ERR_PRICE_PROOF (err u223)) ;; the price of the proof is not signed by enough attestors

;; ---------------------------------------------------------------- constants

;; The sBTC token: here the contract of testnet, which the devnet carries too. The deployment replaces this one line by
;; the network's token (mainnet: 'SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4.sbtc-token) and nothing else in this file.
(define-constant SBTC 'ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT.sbtc-token)
(define-constant BPS u10000)
(define-constant NO_WINDOW { index: u0, sold: u0, outflow: u0, profit: u0 })
(define-constant NO_LEAF { equity: u0, deposited: u0, withdrawn: u0 })

;; ---------------------------------------------------------------- variables

;; The first three are buckets; the rest only grow. Deposits include the fees, which are the treasury's, and so premiums
;; are without them.
(define-data-var totals {
  available: uint, locked: uint, buffer: uint, deposited: uint, withdrawn: uint, premiums: uint, payouts: uint,
  escaped: uint }
  { available: u0, locked: u0, buffer: u0, deposited: u0, withdrawn: u0, premiums: u0, payouts: u0, escaped: u0 })
(define-data-var window { index: uint, sold: uint, outflow: uint, profit: uint } NO_WINDOW)
;; The last root; `at` is when it was published, at first the deployment, so that silence always has a beginning.
(define-data-var liabilities {
  root: (buff 32), equity: uint, deposited: uint, withdrawn: uint, as-of: uint, at: uint }
  { root: 0x, equity: u0, deposited: u0, withdrawn: u0, as-of: u0, at: burn-block-height })
(define-data-var closed-at (optional uint) none)

;; ---------------------------------------------------------------- maps

(define-map providers principal { deposited: uint, withdrawn: uint, escaped: uint, since: uint })
(define-map collaterals uint uint) ;; policy id -> sats still locked
(define-map serials (buff 16) uint) ;; voucher -> height used

;; ---------------------------------------------------------------- read-only

(define-read-only (get-pool-totals) (var-get totals))
(define-read-only (get-provider-totals (who principal))
  (default-to { deposited: u0, withdrawn: u0, escaped: u0, since: u0 } (map-get? providers who)))
(define-read-only (get-collateral (policy-id uint)) (default-to u0 (map-get? collaterals policy-id)))
(define-read-only (is-serial-used (serial (buff 16))) (is-some (map-get? serials serial)))
(define-read-only (get-parameters) (contract-call? .policy-registry get-pool-rules))
(define-read-only (get-window) (current-window (get window (get-parameters))))
(define-read-only (get-liabilities) (var-get liabilities))
(define-read-only (is-closed) (is-some (var-get closed-at)))

;; What a provider may withdraw now by each limit; `principal` is the part that is no profit.
(define-read-only (get-withdrawal-limits (provider principal))
  (let ((rules (get-parameters)))
    (limits-by rules (current-window (get window rules)) (get-provider-totals provider))))

;; A provider's share of what is free, less what it has had. The claim is what the leaf says, brought up to date by what
;; the chain saw since; so is the sum of all claims, `all`. Differences stop at zero and equity at the root's, because a
;; false leaf may say anything. Sats stay below 2^51 and the cap below 2^7, so claim x free is below 2^110.
(define-read-only (get-escape-due
    (provider principal) (leaf { equity: uint, deposited: uint, withdrawn: uint }))
  (let (
      (account (get-provider-totals provider))
      (books (var-get totals))
      (root (var-get liabilities))
      (all (minus (+ (get equity root) (minus (get deposited books) (get deposited root)))
        (minus (get withdrawn books) (get withdrawn root))))
      (claim (least
        (minus (+ (least (get equity leaf) (get equity root)) (minus (get deposited account) (get deposited leaf)))
          (minus (get withdrawn account) (get withdrawn leaf)))
        (minus (lifetime-cap (get deposited account) (get yield-cap (get-parameters))) (get withdrawn account)))))
    (if (is-eq all u0) u0
      (least (get available books)
        (minus (/ (* claim (+ (get available books) (get escaped books))) all) (get escaped account))))))

(define-read-only (verify-liability
    (provider principal)
    (leaf { equity: uint, deposited: uint, withdrawn: uint })
    (proof (list 24 { sibling: (buff 32), left: bool })))
  (is-eq (fold climb proof (get-leaf-hash provider leaf)) (get root (var-get liabilities))))

;; Leaves begin with 0x00 and nodes with 0x01, so that neither passes as the other. The consensus buffer of a tuple of
;; bounded size cannot fail.
(define-read-only (get-leaf-hash
    (provider principal) (leaf { equity: uint, deposited: uint, withdrawn: uint }))
  (sha256 (concat 0x00 (unwrap-panic (to-consensus-buff? (merge leaf { provider: provider }))))))

(define-read-only (voucher-digest
    (provider principal) (amount uint) (tier (string-ascii 12)) (serial (buff 16)) (valid-until uint))
  (contract-call? .policy-registry get-digest (sha256 (unwrap-panic (to-consensus-buff? {
    kind: "voucher", contract: current-contract, provider: provider, amount: amount, tier: tier, serial: serial,
    valid-until: valid-until })))))

;; ---------------------------------------------------------------- public: providers

;; Caller  anyone, directly.
;; Moves   `amount` from the caller; available, and the caller's as a provider.
;; Errors  NOT_DIRECT, CLOSED, PAUSED (sales), TIER, AMOUNT, the token's.
;; Prints  funds-deposited.
(define-public (deposit-funds (amount uint) (tier (string-ascii 12)))
  (let ((provider contract-caller))
    (asserts! (is-eq provider tx-sender) ERR_NOT_DIRECT)
    (asserts! (not (is-closed)) ERR_CLOSED)
    (asserts! (not (contract-call? .policy-registry is-paused "sales")) ERR_PAUSED)
    (asserts! (contract-call? .policy-registry is-tier tier) ERR_TIER)
    (asserts! (>= amount (contract-call? .policy-registry get-parameter "min-deposit")) ERR_AMOUNT)
    (try! (contract-call? SBTC transfer amount provider current-contract none))
    (credit provider amount)
    (var-set totals (merge (var-get totals) {
      available: (+ (get available (var-get totals)) amount), deposited: (+ (get deposited (var-get totals)) amount) }))
    (print { topic: "funds-deposited", version: u1, height: burn-block-height,
      provider: provider, amount: amount, tier: tier,
      deposited: (get deposited (get-provider-totals provider)), totals: (var-get totals) })
    (ok amount)))

;; Caller  the provider named in the voucher, directly.
;; Moves   `amount` of what is available to the caller; what it takes above its deposits counts as profit.
;; Errors  NOT_DIRECT, CLOSED, PAUSED, AMOUNT, VOUCHER_LAPSED, VOUCHER_SIGNATURE, AVAILABLE, YIELD_CAP, OUTFLOW_LIMIT,
;;         PROFIT_LIMIT, SERIAL_USED.
;; Prints  funds-withdrawn.
(define-public (withdraw-funds
    (amount uint) (tier (string-ascii 12)) (serial (buff 16)) (valid-until uint) (signatures (list 7 (buff 65))))
  (let (
      (provider contract-caller)
      (account (get-provider-totals provider))
      (books (var-get totals))
      (rules (get-parameters))
      (moved (current-window (get window rules)))
      (limits (limits-by rules moved account))
      (taken (least amount (get available limits))) ;; the amount itself may be too large to calculate with
      (profit (minus taken (get principal limits))))
    (asserts! (is-eq provider tx-sender) ERR_NOT_DIRECT)
    (asserts! (not (is-closed)) ERR_CLOSED)
    (asserts! (not (contract-call? .policy-registry is-paused "withdrawals")) ERR_PAUSED)
    (asserts! (> amount u0) ERR_AMOUNT)
    (asserts! (<= burn-block-height valid-until) ERR_VOUCHER_LAPSED)
    (asserts! (contract-call? .policy-registry is-signed-by "voucher"
      (voucher-digest provider amount tier serial valid-until) signatures) ERR_VOUCHER_SIGNATURE)
    (asserts! (is-eq amount taken) ERR_AVAILABLE)
    (asserts! (<= amount (get lifetime limits)) ERR_YIELD_CAP)
    (asserts! (<= amount (get outflow limits)) ERR_OUTFLOW_LIMIT)
    (asserts! (<= profit (get profit limits)) ERR_PROFIT_LIMIT)
    (asserts! (map-insert serials serial burn-block-height) ERR_SERIAL_USED)
    (try! (pay provider amount))
    (map-set providers provider (merge account { withdrawn: (+ (get withdrawn account) amount) }))
    (var-set window (merge moved { outflow: (+ (get outflow moved) amount), profit: (+ (get profit moved) profit) }))
    (var-set totals (merge books {
      available: (- (get available books) amount), withdrawn: (+ (get withdrawn books) amount) }))
    (print { topic: "funds-withdrawn", version: u1, height: burn-block-height,
      provider: provider, amount: amount, tier: tier, serial: (some serial),
      withdrawn: (+ (get withdrawn account) amount), totals: (var-get totals) })
    (ok amount)))

;; ---------------------------------------------------------------- public: policies

;; Caller  the owner named in the terms, directly.
;; Moves   the premium from the caller, its fee as a deposit of the treasury; the collateral from available to locked.
;; Errors  NOT_DIRECT, NOT_OWNER_OF_TERMS, CLOSED, AVAILABLE, SALE_LIMIT, those of create-policy-entry, the token's.
;; Prints  policy-created (registry), collateral-locked.
(define-public (buy-policy
    (terms {
      quote-id: (buff 16), owner: principal, option: (string-ascii 4), strike: uint, amount: uint, collateral: uint,
      premium: uint, fee: uint, tier: (string-ascii 12), expiry: uint, valid-until: uint, valid-until-time: uint })
    (signatures (list 7 (buff 65))) (price uint) (height uint) (readings (list 7 (buff 65))))
  (let (
      (owner contract-caller)
      (books (var-get totals))
      (rules (get-parameters))
      (moved (current-window (get window rules)))
      (collateral (get collateral terms))
      (premium (get premium terms))
      (fee (get fee terms)))
    (asserts! (is-eq owner tx-sender) ERR_NOT_DIRECT)
    (asserts! (is-eq owner (get owner terms)) ERR_NOT_OWNER_OF_TERMS)
    (asserts! (not (is-closed)) ERR_CLOSED)
    (asserts! (<= collateral (get available books)) ERR_AVAILABLE)
    (asserts! (<= (+ (get sold moved) collateral)
      (window-limit (get sale-share rules) (get window-floor rules) moved)) ERR_SALE_LIMIT)
    (let (
        (id (try! (contract-call? .policy-registry create-policy-entry terms signatures price height readings)))
        (treasury (get-treasury)))
      (try! (contract-call? SBTC transfer premium owner current-contract none))
      (credit treasury fee)
      (map-set collaterals id collateral)
      (var-set window (merge moved { sold: (+ (get sold moved) collateral) }))
      (var-set totals (merge books {
        available: (- (+ (get available books) premium) collateral), locked: (+ (get locked books) collateral),
        deposited: (+ (get deposited books) fee), premiums: (+ (get premiums books) (- premium fee)) }))
      (print { topic: "collateral-locked", version: u1, height: burn-block-height, policy-id: (some id),
        amount: collateral, premium: premium, fee: fee, treasury: treasury, totals: (var-get totals) })
      (ok id))))

;; Caller  anyone, also when the pool is closed.
;; Moves   the payout to the policy's owner; the rest of its collateral from locked to available.
;; Errors  NO_COLLATERAL, those of record-settlement.
;; Prints  policy-status-updated (registry), settlement-paid.
(define-public (settle-policy
    (policy-id uint) (price uint) (height uint) (attestations (list 7 (buff 65)))
    (order (optional { id: (buff 16), valid-until: uint, min-payout: uint, signature: (buff 65) })))
  (let (
      (collateral (unwrap! (map-get? collaterals policy-id) ERR_NO_COLLATERAL))
      (settled (try! (contract-call? .policy-registry record-settlement policy-id price height attestations order)))
      (owner (get owner settled))
      (payout (get payout settled))
      (released (- collateral payout)) ;; the registry never grants more than the collateral
      (books (var-get totals)))
    (try! (pay owner payout))
    (map-delete collaterals policy-id)
    (var-set totals (merge books {
      available: (+ (get available books) released), locked: (- (get locked books) collateral),
      payouts: (+ (get payouts books) payout) }))
    (print { topic: "settlement-paid", version: u1, height: burn-block-height, policy-id: policy-id, owner: owner,
      rule: (get rule settled), price: price, price-height: height, payout: payout, released: released,
      totals: (var-get totals) })
    (ok payout)))

;; Caller  anyone, also when the pool is closed.
;; Moves   from locked to available: with the public price of a height, the collateral of policies that expired at it
;;         and owe nothing by it; without, of those past their deadline. Policies that are not due, paying or gone are
;;         skipped, so that nobody can make a batch fail by settling one of it.
;; Errors  PRICE_PROOF, NOTHING_TO_RELEASE.
;; Prints  policy-status-updated (registry) for each not expired before, collateral-released.
(define-public (release-collateral-aggregate
    (policy-ids (list 50 uint))
    (proof (optional { price: uint, height: uint, attestations: (list 7 (buff 65)) })))
  (begin
    (asserts! (match proof
        shown (contract-call? .policy-registry verify-attestation
          (get price shown) (get height shown) (get attestations shown))
        true) ERR_PRICE_PROOF)
    (let (
        (at (match proof shown (some { price: (get price shown), height: (get height shown) }) none))
        (freed (fold release-one policy-ids { at: at, ids: (list), sum: u0 }))
        (sum (get sum freed))
        (books (var-get totals)))
      (asserts! (> sum u0) ERR_NOTHING_TO_RELEASE)
      (var-set totals (merge books { available: (+ (get available books) sum), locked: (- (get locked books) sum) }))
      (print { topic: "collateral-released", version: u1, height: burn-block-height,
        policy-ids: (get ids freed), amount: sum, totals: (var-get totals) })
      (ok sum))))

;; ---------------------------------------------------------------- public: the backend

;; Caller  the backend.
;; Moves   `amount` from available to the buffer.
;; Errors  NOT_BACKEND, CLOSED, AMOUNT, AVAILABLE, BUFFER.
;; Prints  collateral-locked, with no policy.
(define-public (lock-collateral-aggregate (amount uint))
  (let (
      (books (var-get totals))
      (buffer (+ (get buffer books) (least amount (get available books)))))
    (asserts! (is-backend) ERR_NOT_BACKEND)
    (asserts! (not (is-closed)) ERR_CLOSED)
    (asserts! (> amount u0) ERR_AMOUNT)
    (asserts! (<= amount (get available books)) ERR_AVAILABLE)
    (asserts! (<= buffer
      (/ (* (get-vault) (contract-call? .policy-registry get-parameter "buffer-share")) BPS)) ERR_BUFFER)
    (var-set totals (merge books { available: (- (get available books) amount), buffer: buffer }))
    (print { topic: "collateral-locked", version: u1, height: burn-block-height, policy-id: none,
      amount: amount, premium: u0, fee: u0, treasury: (get-treasury), totals: (var-get totals) })
    (ok amount)))

;; Caller  the backend.
;; Moves   `amount` from the buffer to available.
;; Errors  NOT_BACKEND, AMOUNT, BUFFER.
;; Prints  collateral-released, with no policies.
(define-public (unlock-collateral-aggregate (amount uint))
  (let ((books (var-get totals)))
    (asserts! (is-backend) ERR_NOT_BACKEND)
    (asserts! (> amount u0) ERR_AMOUNT)
    (asserts! (<= amount (get buffer books)) ERR_BUFFER)
    (var-set totals (merge books {
      available: (+ (get available books) amount), buffer: (- (get buffer books) amount) }))
    (print { topic: "collateral-released", version: u1, height: burn-block-height,
      policy-ids: (list), amount: amount, totals: (var-get totals) })
    (ok amount)))

;; Caller  the backend, daily: it is the heartbeat that keeps the pool open.
;; Moves   nothing; replaces the root of what providers are owed, which may not be more than the vault holds.
;; Errors  NOT_BACKEND, CLOSED, LIABILITIES.
;; Prints  liabilities-published.
(define-public (publish-liabilities (root (buff 32)) (equity uint) (deposited uint) (withdrawn uint) (as-of uint))
  (let ((books (var-get totals)))
    (asserts! (is-backend) ERR_NOT_BACKEND)
    (asserts! (not (is-closed)) ERR_CLOSED)
    (asserts! (and
      (is-eq (len root) u32)
      (>= as-of (get as-of (var-get liabilities))) (< as-of burn-block-height)
      (<= deposited (get deposited books)) (<= withdrawn (get withdrawn books))
      (<= equity (+ (get-vault) (- (get withdrawn books) withdrawn))) ;; alone first, so that the next sum is small
      (<= (+ equity (- (get deposited books) deposited)) (+ (get-vault) (- (get withdrawn books) withdrawn))))
      ERR_LIABILITIES)
    (var-set liabilities { root: root, equity: equity, deposited: deposited, withdrawn: withdrawn, as-of: as-of,
      at: burn-block-height })
    (print { topic: "liabilities-published", version: u1, height: burn-block-height,
      liabilities: (var-get liabilities) })
    (ok true)))

;; ---------------------------------------------------------------- public: the way out

;; Caller  anyone.
;; Moves   the buffer to available; closes the pool for ever. Settling and releasing go on.
;; Errors  CLOSED, NOT_SILENT.
;; Prints  escape-opened.
(define-public (open-escape)
  (let ((books (var-get totals)))
    (asserts! (not (is-closed)) ERR_CLOSED)
    (asserts! (> burn-block-height
      (+ (get at (var-get liabilities)) (contract-call? .policy-registry get-parameter "silence"))) ERR_NOT_SILENT)
    (var-set closed-at (some burn-block-height))
    (var-set totals (merge books { available: (+ (get available books) (get buffer books)), buffer: u0 }))
    (print { topic: "escape-opened", version: u1, height: burn-block-height,
      liabilities: (var-get liabilities), totals: (var-get totals) })
    (ok true)))

;; Caller  anyone, for any provider, again and again as collateral comes free.
;; Moves   what is due to the provider, from available.
;; Errors  NOT_CLOSED, PROOF, NOTHING_DUE.
;; Prints  funds-withdrawn, with no serial.
(define-public (escape-funds
    (provider principal)
    (leaf { equity: uint, deposited: uint, withdrawn: uint })
    (proof (list 24 { sibling: (buff 32), left: bool })))
  (let (
      (account (get-provider-totals provider))
      (books (var-get totals))
      (due (get-escape-due provider leaf)))
    (asserts! (is-closed) ERR_NOT_CLOSED)
    ;; A provider that came after the root is in none, and starts from nothing.
    (asserts! (or (verify-liability provider leaf proof)
      (and (is-eq leaf NO_LEAF) (> (get since account) (get as-of (var-get liabilities))))) ERR_PROOF)
    (asserts! (> due u0) ERR_NOTHING_DUE)
    (try! (pay provider due))
    (map-set providers provider (merge account { escaped: (+ (get escaped account) due) }))
    (var-set totals (merge books {
      available: (- (get available books) due), escaped: (+ (get escaped books) due) }))
    (print { topic: "funds-withdrawn", version: u1, height: burn-block-height,
      provider: provider, amount: due, tier: "", serial: none, withdrawn: (get withdrawn account),
      totals: (var-get totals) })
    (ok due)))

;; ---------------------------------------------------------------- private

(define-private (least (a uint) (b uint)) (if (< a b) a b))
(define-private (minus (a uint) (b uint)) (if (< a b) u0 (- a b)))

(define-private (is-backend) (is-eq contract-caller (contract-call? .policy-registry get-backend-principal)))
;; The treasury is set at deployment and replaced, never removed: it cannot be missing.
(define-private (get-treasury) (unwrap-panic (contract-call? .policy-registry get-principal "treasury")))

;; Everything in the three buckets. A donation is in none.
(define-private (get-vault)
  (let ((books (var-get totals))) (+ (get available books) (get locked books) (get buffer books))))

;; This window's movements: those stored, or none yet if they belong to an earlier one.
(define-private (current-window (length uint))
  (let ((index (/ burn-block-height length)))
    (if (is-eq index (get index (var-get window))) (var-get window) (merge NO_WINDOW { index: index }))))

;; The share of the vault as it was before this window's withdrawals, but at least the floor, so that the last coin can
;; leave.
(define-private (window-limit
    (share uint) (floor uint) (moved { index: uint, sold: uint, outflow: uint, profit: uint }))
  (let ((limit (/ (* (+ (get-vault) (get outflow moved)) share) BPS)))
    (if (< limit floor) floor limit)))

;; What one account may still withdraw by each limit, under these rules in this window.
(define-private (limits-by
    (rules {
      window: uint, window-floor: uint, sale-share: uint, outflow-share: uint, profit-share: uint, yield-cap: uint })
    (moved { index: uint, sold: uint, outflow: uint, profit: uint })
    (account { deposited: uint, withdrawn: uint, escaped: uint, since: uint }))
  (let ((floor (get window-floor rules)))
    { available: (get available (var-get totals)),
      principal: (minus (get deposited account) (get withdrawn account)),
      lifetime: (minus (lifetime-cap (get deposited account) (get yield-cap rules)) (get withdrawn account)),
      outflow: (minus (window-limit (get outflow-share rules) floor moved) (get outflow moved)),
      profit: (minus (window-limit (get profit-share rules) floor moved) (get profit moved)) }))

;; The most that a provider may ever have withdrawn.
(define-private (lifetime-cap (deposited uint) (yield-cap uint)) (+ deposited (/ (* deposited yield-cap) BPS)))

;; Adds to what a provider has put in.
(define-private (credit (provider principal) (amount uint))
  (let ((account (default-to { deposited: u0, withdrawn: u0, escaped: u0, since: burn-block-height }
      (map-get? providers provider))))
    (map-set providers provider (merge account { deposited: (+ (get deposited account) amount) }))))

;; The only way out: exactly `amount`, and the VM refuses a sat more.
(define-private (pay (recipient principal) (amount uint))
  (as-contract? ((with-ft SBTC "sbtc-token" amount))
    (try! (contract-call? SBTC transfer amount current-contract recipient none))))

;; Releases one policy of a batch if it is due, else leaves the batch as it is.
(define-private (release-one
    (id uint)
    (batch { at: (optional { price: uint, height: uint }), ids: (list 50 uint), sum: uint }))
  (let ((collateral (get-collateral id)))
    (if (and (> collateral u0) (is-expired id (get at batch)))
      (begin
        (map-delete collaterals id)
        (merge batch {
          ids: (unwrap! (as-max-len? (append (get ids batch) id) u50) batch), sum: (+ (get sum batch) collateral) }))
      batch)))

;; Whether the registry lets a policy go, by the price of its expiry or by its deadline.
(define-private (is-expired (id uint) (at (optional { price: uint, height: uint })))
  (match at
    shown (is-ok (contract-call? .policy-registry record-expiry id (get price shown) (get height shown)))
    (is-ok (contract-call? .policy-registry update-policy-status id "expired"))))

;; One step of a proof, from the leaf up.
(define-private (climb (step { sibling: (buff 32), left: bool }) (hash (buff 32)))
  (sha256 (concat 0x01 (if (get left step) (concat (get sibling step) hash) (concat hash (get sibling step))))))
