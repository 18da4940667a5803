;; Properties and invariants of liquidity-pool for Rendezvous, which appends this file to the contract's source.
;; What random arguments never hit (a tier's name, sBTC in hand, an amount within the vault) the `act-` functions bring.

(define-constant BROKEN (err u9001))
(define-constant MOST u100000000000) ;; sats at a time

;; ---------------------------------------------------------------- acts

(define-public (act-deposit (amount uint))
  (let ((sats (+ u10000 (mod amount MOST))))
    (try! (mint sats))
    (deposit-funds sats "balanced")))

(define-public (act-donate (amount uint))
  (let ((sats (+ u1 (mod amount MOST))))
    (try! (mint sats))
    (contract-call? SBTC transfer sats tx-sender current-contract none)))

(define-public (act-lock (amount uint))
  (lock-collateral-aggregate (+ u1 (mod amount (+ u1 (get available (var-get totals)))))))

(define-public (act-unlock (amount uint))
  (unlock-collateral-aggregate (+ u1 (mod amount (+ u1 (get buffer (var-get totals)))))))

(define-public (act-publish (root (buff 32)) (equity uint))
  (publish-liabilities (sha256 root) (mod equity (+ u1 (get-vault))) (get deposited (var-get totals))
    (get withdrawn (var-get totals)) (- burn-block-height u1)))

(define-public (act-leave (provider principal) (equity uint))
  (escape-funds provider { equity: (mod equity MOST), deposited: u0, withdrawn: u0 } (list)))

;; ---------------------------------------------------------------- properties

(define-public (test-a-deposit-is-credited-to-the-sat (amount uint))
  (let ((before (get-provider-totals tx-sender)) (books (var-get totals)))
    (if (is-closed) (ok false)
      (let ((sats (unwrap! (act-deposit amount) (ok false))))
        (asserts! (is-eq (get deposited (get-provider-totals tx-sender)) (+ (get deposited before) sats)) BROKEN)
        (ok (asserts! (is-eq (get available (var-get totals)) (+ (get available books) sats)) BROKEN))))))

(define-public (test-no-voucher-of-random-bytes-pays
    (amount uint) (serial (buff 16)) (valid-until uint) (signatures (list 7 (buff 65))))
  (ok (asserts! (is-err (withdraw-funds amount "balanced" serial valid-until signatures)) BROKEN)))

(define-public (test-nobody-is-due-more-than-is-available
    (provider principal) (leaf { equity: uint, deposited: uint, withdrawn: uint }))
  (ok (asserts! (<= (get-escape-due provider leaf) (get available (var-get totals))) BROKEN)))

(define-public (test-no-random-leaf-is-under-the-root
    (provider principal) (leaf { equity: uint, deposited: uint, withdrawn: uint })
    (proof (list 24 { sibling: (buff 32), left: bool })))
  (ok (asserts! (not (verify-liability provider leaf proof)) BROKEN)))

(define-public (test-a-leaf-binds-its-provider (one principal) (other principal) (equity uint))
  (let ((leaf { equity: equity, deposited: u0, withdrawn: u0 }))
    (if (is-eq one other) (ok false)
      (ok (asserts! (not (is-eq (get-leaf-hash one leaf) (get-leaf-hash other leaf))) BROKEN)))))

(define-public (test-the-lifetime-cap-is-above-the-deposits (deposited uint) (cap uint))
  (let ((sats (mod deposited MOST)))
    (ok (asserts! (>= (lifetime-cap sats (mod cap u1000001)) sats) BROKEN))))

;; ---------------------------------------------------------------- invariants

(define-read-only (invariant-the-balance-covers-the-buckets)
  (>= (unwrap-panic (contract-call? .sbtc-token get-balance current-contract)) (get-vault)))

(define-read-only (invariant-the-buckets-are-what-came-in-less-what-went-out)
  (let ((books (var-get totals)))
    (is-eq (+ (get-vault) (get withdrawn books) (get payouts books) (get escaped books))
      (+ (get deposited books) (get premiums books)))))

(define-read-only (invariant-nothing-is-locked-without-a-policy)
  (and (is-eq (get locked (var-get totals)) u0) (is-eq (get-collateral u1) u0)))

(define-read-only (invariant-nothing-leaves-but-by-the-way-out)
  (and (is-eq (get withdrawn (var-get totals)) u0) (is-eq (get payouts (var-get totals)) u0)
    (or (is-closed) (is-eq (get escaped (var-get totals)) u0))))

(define-read-only (invariant-a-closed-pool-has-no-buffer)
  (or (not (is-closed)) (is-eq (get buffer (var-get totals)) u0)))

(define-read-only (invariant-claims-are-within-the-vault)
  (or (is-closed)
    (<= (get equity (var-get liabilities)) (+ (get-vault) (get withdrawn (var-get totals))))))
