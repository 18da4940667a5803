;; Properties and invariants of policy-registry for Rendezvous, which appends this file to the contract's source.
;; A property is discarded with (ok false) where its inputs are not of its kind; a broken one is an error.

(define-constant BROKEN (err u9001))
(define-constant LATEST_PAUSE u468) ;; the longest timelock there can be, and a pause's 36 blocks more

;; Arbitrary numbers, which Rendezvous takes from below 2^31, as a cover and prices that could be.
(define-private (as-price (number uint)) (+ u1 (mod (* number number) MAX_PRICE)))
(define-private (as-amount (number uint)) (+ u10000 (mod (* number number) MAX_AMOUNT)))
(define-private (as-option (is-put bool)) (if is-put "put" "call"))

;; ---------------------------------------------------------------- acts
;; What random words never hit: names, values within their bounds, keys on the curve, changes that there are.

(define-constant NAMES (list
  "quote" "voucher" "attestor" "sale-age" "max-age" "grace" "request-life" "timelock" "max-tenor" "min-amount"
  "max-amount" "min-collateral" "max-fee" "min-deposit" "window" "window-floor" "sale-share" "outflow-share"
  "profit-share" "yield-cap" "buffer-share" "silence"))
(define-constant KEYS (list ;; the first multiples of the curve's generator
  0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798
  0x02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5
  0x02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9))

(define-private (name-of (number uint)) (unwrap-panic (element-at? NAMES (mod number u22))))
(define-private (role-of (number uint)) (unwrap-panic (element-at? NAMES (mod number u3))))
(define-private (key-of (number uint)) (unwrap-panic (element-at? KEYS (mod number u3))))
(define-private (seat-of (number uint))
  (unwrap-panic (element-at? (list "owner" "guardian" "treasury" "backend") (mod number u4))))
(define-private (thing-of (number uint))
  (unwrap-panic (element-at? (list "sales" "withdrawals" "settlements") (mod number u3))))

(define-public (act-propose-parameter (which uint) (number uint))
  (let ((bounds (unwrap-panic (get-parameter-bounds (name-of which)))))
    (propose-parameter (name-of which)
      (+ (get low bounds) (mod number (+ u2 (- (get high bounds) (get low bounds))))))))
(define-public (act-propose-principal (which uint)) (propose-principal (seat-of which) tx-sender))
(define-public (act-propose-signer (which uint) (number uint)) (propose-signer (role-of which) (key-of number)))
(define-public (act-remove-signer (which uint) (number uint)) (remove-signer (role-of which) (key-of number)))
(define-public (act-execute (number uint)) (execute-change (mod number (+ u1 (var-get change-count)))))
(define-public (act-pause (which uint) (blocks uint)) (pause (thing-of which) (+ u1 (mod blocks u181))))
(define-public (act-resume (which uint)) (resume (thing-of which)))
(define-public (act-seal) (set-pool current-contract))

;; ---------------------------------------------------------------- properties

(define-public (test-a-payout-is-at-most-the-collateral
    (is-put bool) (strike uint) (amount uint) (collateral uint) (price uint))
  (ok (asserts! (<= (get-payout-for (as-option is-put) strike amount collateral price) collateral) BROKEN)))

(define-public (test-a-payout-is-below-what-the-cover-is-worth
    (is-put bool) (strike uint) (amount uint) (price uint))
  (let (
      (k (as-price strike)) (a (as-amount amount)) (s (as-price price))
      (owed (get-payout-for (as-option is-put) k (least a MAX_AMOUNT) (* MAX_AMOUNT MAX_PRICE) s)))
    ;; owed x price <= amount x distance: rounded down, in the pool's favour
    (ok (asserts! (<= (* owed s) (* a (if is-put (- (if (> k s) k s) s) (- (if (> s k) s k) k)))) BROKEN))))

(define-public (test-a-put-pays-no-less-at-a-lower-price (strike uint) (amount uint) (collateral uint) (price uint))
  (let ((s (as-price price)) (a (least (as-amount amount) MAX_AMOUNT)) (k (as-price strike)))
    (if (is-eq s MAX_PRICE) (ok false)
      (ok (asserts! (>= (get-payout-for "put" k a collateral s) (get-payout-for "put" k a collateral (+ s u1)))
        BROKEN)))))

(define-public (test-a-call-pays-no-less-at-a-higher-price (strike uint) (amount uint) (collateral uint) (price uint))
  (let ((s (as-price price)) (a (least (as-amount amount) MAX_AMOUNT)) (k (as-price strike)))
    (if (is-eq s MAX_PRICE) (ok false)
      (ok (asserts! (<= (get-payout-for "call" k a collateral s) (get-payout-for "call" k a collateral (+ s u1)))
        BROKEN)))))

(define-public (test-nothing-is-owed-outside-the-bounds (is-put bool) (strike uint) (amount uint) (price uint))
  (ok (asserts! (is-eq u0
    (get-payout-for (as-option is-put) strike amount MAX_AMOUNT u0)
    (get-payout-for (as-option is-put) strike amount MAX_AMOUNT (+ MAX_PRICE u1 price))
    (get-payout-for (as-option is-put) (+ MAX_PRICE u1 strike) amount MAX_AMOUNT (as-price price))
    (get-payout-for (as-option is-put) strike (+ MAX_AMOUNT u1 amount) MAX_AMOUNT (as-price price))) BROKEN)))

(define-public (test-random-bytes-are-no-signature
    (digest (buff 32)) (signatures (list 7 (buff 65))) (price uint) (height uint))
  (ok (asserts! (not (or
    (is-signed-by "quote" digest signatures) (is-signed-by "voucher" digest signatures)
    (is-signed-by "attestor" digest signatures) (verify-attestation price height signatures))) BROKEN)))

(define-public (test-a-deadline-lies-beyond-its-height (height uint))
  (ok (asserts! (> (get-deadline height) (least height MAX_HEIGHT)) BROKEN)))

(define-public (test-prices-of-another-height-have-other-digests (price uint) (height uint) (other uint))
  (if (is-eq height other) (ok false)
    (ok (asserts! (not (is-eq (attestation-digest price height) (attestation-digest price other))) BROKEN))))

(define-public (test-a-reading-is-no-public-price (quote-id (buff 16)) (id (buff 16)) (price uint) (height uint))
  (ok (asserts! (not (is-eq (attestation-digest price height) (reading-digest quote-id id price height))) BROKEN)))

;; ---------------------------------------------------------------- invariants

(define-private (is-within (name (string-ascii 16)) (so-far bool))
  (let ((parameter (unwrap-panic (get-parameter-bounds name))))
    (and so-far (>= (get value parameter) (get low parameter)) (<= (get value parameter) (get high parameter)))))

(define-read-only (invariant-parameters-are-within-their-bounds)
  (fold is-within (list
    "quote" "voucher" "attestor" "sale-age" "max-age" "grace" "request-life" "timelock" "max-tenor" "min-amount"
    "max-amount" "min-collateral" "max-fee" "min-deposit" "window" "window-floor" "sale-share" "outflow-share"
    "profit-share" "yield-cap" "buffer-share" "silence") true))

(define-read-only (invariant-no-seat-is-ever-empty)
  (and (is-some (get-principal "owner")) (is-some (get-principal "guardian"))
    (is-some (get-principal "treasury")) (is-some (get-principal "backend"))))

(define-read-only (invariant-a-pause-ends)
  (and (<= (get-paused-until "sales") (+ burn-block-height LATEST_PAUSE))
    (<= (get-paused-until "withdrawals") (+ burn-block-height LATEST_PAUSE))
    (<= (get-paused-until "settlements") (+ burn-block-height LATEST_PAUSE))))

(define-read-only (invariant-no-policy-without-the-signatures)
  (and (is-eq (get-policy-count) u0) (is-none (get-policy-data u1))))

(define-read-only (invariant-voided-changes-are-past)
  (and (<= (get changes (var-get voided)) (var-get change-count)) (<= (get seat (var-get voided)) (var-get change-count))))

(define-private (has-enough (role (string-ascii 16)) (so-far bool))
  (and so-far (or (not (is-sealed)) (is-eq role "quote") (>= (get-signer-count role) (get-parameter role)))))

(define-read-only (invariant-once-sealed-a-role-keeps-the-keys-it-needs)
  (fold has-enough (list "quote" "voucher" "attestor") true))

(define-private (count-key (key (buff 33)) (so-far { role: (string-ascii 16), count: uint }))
  (if (is-signer (get role so-far) key) (merge so-far { count: (+ (get count so-far) u1) }) so-far))

(define-read-only (invariant-a-role-counts-its-keys)
  (and
    (is-eq (get-signer-count "quote") (get count (fold count-key KEYS { role: "quote", count: u0 })))
    (is-eq (get-signer-count "voucher") (get count (fold count-key KEYS { role: "voucher", count: u0 })))
    (is-eq (get-signer-count "attestor") (get count (fold count-key KEYS { role: "attestor", count: u0 })))))
