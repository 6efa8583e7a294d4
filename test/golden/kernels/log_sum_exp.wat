;; log_sum_exp: log Σ exp of each row
;; reads values; writes totals
;; 256 bytes of scratch
(module
  (import "attnc" "memory" (memory 1 65536))
  ;; e^x = 2^n·e^r where x = n·ln 2 + r, and e^r − 1 is a polynomial; 0 below −87
  (func $exp_f32 (param $x f32) (result f32)
    (local $bounded f32) (local $n f32) (local $r f32) (local $tail f32) (local $half f32)
    (local.set $bounded (f32.min (f32.const 89.0) (f32.max (f32.const -87.3) (local.get $x))))
    (local.set $n (f32.nearest (f32.mul (local.get $bounded) (f32.const 1.442695))))
    (local.set $r
      (f32.add
        (f32.sub (local.get $bounded) (f32.mul (local.get $n) (f32.const 0.693359375)))
        (f32.mul (local.get $n) (f32.const 2.1219444e-4))))
    (local.set $tail
      (f32.add
        (local.get $r)
        (f32.mul
          (f32.mul (local.get $r) (local.get $r))
          (f32.add
            (f32.const 0.5)
            (f32.mul
              (local.get $r)
              (f32.add
                (f32.const 0.16666538)
                (f32.mul
                  (local.get $r)
                  (f32.add
                    (f32.const 0.041666266)
                    (f32.mul
                      (local.get $r)
                      (f32.add (f32.const 0.008367247) (f32.mul (local.get $r) (f32.const 0.0013947599))))))))))))
    (local.set $half
      (f32.reinterpret_i32
        (i32.shl
          (i32.add (i32.trunc_sat_f32_s (f32.sub (local.get $n) (f32.const 1.0))) (i32.const 127))
          (i32.const 23))))
    (f32.mul (f32.const 2.0) (f32.add (local.get $half) (f32.mul (local.get $half) (local.get $tail)))))
  ;; 2·atanh s for |s| ≤ 1/3, odd in s; log((1 + s) / (1 − s))
  (func $twice_atanh_f32 (param $x f32) (result f32)
    (local $z f32)
    (local.set $z (f32.mul (local.get $x) (local.get $x)))
    (f32.mul
      (f32.const 2.0)
      (f32.add
        (local.get $x)
        (f32.mul
          (f32.mul (local.get $x) (local.get $z))
          (f32.add
            (f32.const 0.33333206)
            (f32.mul
              (local.get $z)
              (f32.add
                (f32.const 0.20010886)
                (f32.mul
                  (local.get $z)
                  (f32.add (f32.const 0.13998932) (f32.mul (local.get $z) (f32.const 0.14015637)))))))))))
  ;; log x = e·ln 2 + log m, where x = 2^e·m; -1e30 stands for log 0
  (func $log_f32 (param $x f32) (result f32)
    (local $bits i32) (local $exponent i32) (local $mantissa f32) (local $e f32) (local $s f32)
    (local $value f32)
    (local.set $bits (i32.reinterpret_f32 (f32.max (local.get $x) (f32.const 1.1754944e-38))))
    (local.set $exponent (i32.shr_s (i32.sub (local.get $bits) (i32.const 0x3f3504f3)) (i32.const 23)))
    (local.set $mantissa
      (f32.reinterpret_i32 (i32.sub (local.get $bits) (i32.shl (local.get $exponent) (i32.const 23)))))
    (local.set $e (f32.convert_i32_s (local.get $exponent)))
    (local.set $s
      (f32.div
        (f32.sub (local.get $mantissa) (f32.const 1.0))
        (f32.add (local.get $mantissa) (f32.const 1.0))))
    (local.set $value
      (f32.add
        (f32.mul (local.get $e) (f32.const 0.693359375))
        (f32.sub (call $twice_atanh_f32 (local.get $s)) (f32.mul (local.get $e) (f32.const 2.1219444e-4)))))
    (select (f32.const -1e30) (local.get $value) (f32.le (local.get $x) (f32.const 0.0))))
  (func (export "log_sum_exp") (param $first i32) (param $end i32) (param $table i32)
    (local $workgroup i32) (local $thread i32) (local $start i32) (local $shape.length i32)
    (local $largest f32) (local $index i32) (local $values i32) (local $index.at0 i32) (local $scratch i32)
    (local $thread.at0 i32) (local $top f32) (local $totals i32) (local $sum f32)
    (local.set $shape.length (i32.load offset=28 (local.get $table)))
    (local.set $values (i32.load (local.get $table)))
    (local.set $scratch (i32.load offset=56 (local.get $table)))
    (local.set $totals (i32.load offset=8 (local.get $table)))
    (local.set $workgroup (local.get $first))
    (if
      (i32.lt_u (local.get $workgroup) (local.get $end))
      (then
        (loop $workgroup
          (local.set $thread (i32.const 0))
          (loop $thread
            (local.set $start (i32.mul (local.get $workgroup) (local.get $shape.length)))
            (local.set $largest (f32.const -1e30))
            (local.set $index (local.get $thread))
            (if
              (i32.lt_u (local.get $index) (local.get $shape.length))
              (then
                (local.set $index.at0
                  (i32.add
                    (local.get $values)
                    (i32.shl (i32.add (local.get $start) (local.get $index)) (i32.const 2))))
                (loop $index
                  (local.set $largest (f32.max (local.get $largest) (f32.load (local.get $index.at0))))
                  (local.set $index.at0 (i32.add (local.get $index.at0) (i32.const 128)))
                  (br_if $index
                    (i32.lt_u
                      (local.tee $index (i32.add (local.get $index) (i32.const 32)))
                      (local.get $shape.length))))))
            (f32.store
              (i32.add (local.get $scratch) (i32.shl (local.get $thread) (i32.const 2)))
              (local.get $largest))
            (br_if $thread
              (i32.lt_u (local.tee $thread (i32.add (local.get $thread) (i32.const 1))) (i32.const 32))))
          (local.set $thread (i32.const 0))
          (local.set $thread.at0 (i32.add (local.get $scratch) (i32.shl (local.get $thread) (i32.const 2))))
          (loop $thread
            (if
              (i32.lt_u (local.get $thread) (i32.const 16))
              (then
                (f32.store
                  (local.get $thread.at0)
                  (f32.max (f32.load (local.get $thread.at0)) (f32.load offset=64 (local.get $thread.at0))))))
            (local.set $thread.at0 (i32.add (local.get $thread.at0) (i32.const 4)))
            (br_if $thread
              (i32.lt_u (local.tee $thread (i32.add (local.get $thread) (i32.const 1))) (i32.const 32))))
          (local.set $thread (i32.const 0))
          (local.set $thread.at0 (i32.add (local.get $scratch) (i32.shl (local.get $thread) (i32.const 2))))
          (loop $thread
            (if
              (i32.lt_u (local.get $thread) (i32.const 8))
              (then
                (f32.store
                  (local.get $thread.at0)
                  (f32.max (f32.load (local.get $thread.at0)) (f32.load offset=32 (local.get $thread.at0))))))
            (local.set $thread.at0 (i32.add (local.get $thread.at0) (i32.const 4)))
            (br_if $thread
              (i32.lt_u (local.tee $thread (i32.add (local.get $thread) (i32.const 1))) (i32.const 32))))
          (local.set $thread (i32.const 0))
          (local.set $thread.at0 (i32.add (local.get $scratch) (i32.shl (local.get $thread) (i32.const 2))))
          (loop $thread
            (if
              (i32.lt_u (local.get $thread) (i32.const 4))
              (then
                (f32.store
                  (local.get $thread.at0)
                  (f32.max (f32.load (local.get $thread.at0)) (f32.load offset=16 (local.get $thread.at0))))))
            (local.set $thread.at0 (i32.add (local.get $thread.at0) (i32.const 4)))
            (br_if $thread
              (i32.lt_u (local.tee $thread (i32.add (local.get $thread) (i32.const 1))) (i32.const 32))))
          (local.set $thread (i32.const 0))
          (local.set $thread.at0 (i32.add (local.get $scratch) (i32.shl (local.get $thread) (i32.const 2))))
          (loop $thread
            (if
              (i32.lt_u (local.get $thread) (i32.const 2))
              (then
                (f32.store
                  (local.get $thread.at0)
                  (f32.max (f32.load (local.get $thread.at0)) (f32.load offset=8 (local.get $thread.at0))))))
            (local.set $thread.at0 (i32.add (local.get $thread.at0) (i32.const 4)))
            (br_if $thread
              (i32.lt_u (local.tee $thread (i32.add (local.get $thread) (i32.const 1))) (i32.const 32))))
          (local.set $thread (i32.const 0))
          (local.set $thread.at0 (i32.add (local.get $scratch) (i32.shl (local.get $thread) (i32.const 2))))
          (loop $thread
            (if
              (i32.lt_u (local.get $thread) (i32.const 1))
              (then
                (f32.store
                  (local.get $thread.at0)
                  (f32.max (f32.load (local.get $thread.at0)) (f32.load offset=4 (local.get $thread.at0))))))
            (local.set $thread.at0 (i32.add (local.get $thread.at0) (i32.const 4)))
            (br_if $thread
              (i32.lt_u (local.tee $thread (i32.add (local.get $thread) (i32.const 1))) (i32.const 32))))
          (local.set $thread (i32.const 0))
          (local.set $thread.at0 (i32.add (local.get $scratch) (i32.shl (local.get $thread) (i32.const 2))))
          (loop $thread
            (local.set $top (f32.load (local.get $scratch)))
            (f32.store offset=128 (local.get $thread.at0) (local.get $top))
            (local.set $thread.at0 (i32.add (local.get $thread.at0) (i32.const 4)))
            (br_if $thread
              (i32.lt_u (local.tee $thread (i32.add (local.get $thread) (i32.const 1))) (i32.const 32))))
          ;; control depends on a size, which is the same for all threads
          (if
            (i32.gt_u (local.get $shape.length) (i32.const 0))
            (then
              (local.set $thread (i32.const 0))
              (loop $thread
                (local.set $start (i32.mul (local.get $workgroup) (local.get $shape.length)))
                (local.set $top
                  (f32.load offset=128
                    (i32.add (local.get $scratch) (i32.shl (local.get $thread) (i32.const 2)))))
                (local.set $sum (f32.const 0.0))
                (local.set $index (local.get $thread))
                (if
                  (i32.lt_u (local.get $index) (local.get $shape.length))
                  (then
                    (local.set $index.at0
                      (i32.add
                        (local.get $values)
                        (i32.shl (i32.add (local.get $start) (local.get $index)) (i32.const 2))))
                    (loop $index
                      (local.set $sum
                        (f32.add
                          (local.get $sum)
                          (call $exp_f32 (f32.sub (f32.load (local.get $index.at0)) (local.get $top)))))
                      (local.set $index.at0 (i32.add (local.get $index.at0) (i32.const 128)))
                      (br_if $index
                        (i32.lt_u
                          (local.tee $index (i32.add (local.get $index) (i32.const 32)))
                          (local.get $shape.length))))))
                (f32.store
                  (i32.add (local.get $scratch) (i32.shl (local.get $thread) (i32.const 2)))
                  (local.get $sum))
                (br_if $thread
                  (i32.lt_u (local.tee $thread (i32.add (local.get $thread) (i32.const 1))) (i32.const 32))))
              (local.set $thread (i32.const 0))
              (local.set $thread.at0
                (i32.add (local.get $scratch) (i32.shl (local.get $thread) (i32.const 2))))
              (loop $thread
                (if
                  (i32.lt_u (local.get $thread) (i32.const 16))
                  (then
                    (f32.store
                      (local.get $thread.at0)
                      (f32.add
                        (f32.load (local.get $thread.at0))
                        (f32.load offset=64 (local.get $thread.at0))))))
                (local.set $thread.at0 (i32.add (local.get $thread.at0) (i32.const 4)))
                (br_if $thread
                  (i32.lt_u (local.tee $thread (i32.add (local.get $thread) (i32.const 1))) (i32.const 32))))
              (local.set $thread (i32.const 0))
              (local.set $thread.at0
                (i32.add (local.get $scratch) (i32.shl (local.get $thread) (i32.const 2))))
              (loop $thread
                (if
                  (i32.lt_u (local.get $thread) (i32.const 8))
                  (then
                    (f32.store
                      (local.get $thread.at0)
                      (f32.add
                        (f32.load (local.get $thread.at0))
                        (f32.load offset=32 (local.get $thread.at0))))))
                (local.set $thread.at0 (i32.add (local.get $thread.at0) (i32.const 4)))
                (br_if $thread
                  (i32.lt_u (local.tee $thread (i32.add (local.get $thread) (i32.const 1))) (i32.const 32))))
              (local.set $thread (i32.const 0))
              (local.set $thread.at0
                (i32.add (local.get $scratch) (i32.shl (local.get $thread) (i32.const 2))))
              (loop $thread
                (if
                  (i32.lt_u (local.get $thread) (i32.const 4))
                  (then
                    (f32.store
                      (local.get $thread.at0)
                      (f32.add
                        (f32.load (local.get $thread.at0))
                        (f32.load offset=16 (local.get $thread.at0))))))
                (local.set $thread.at0 (i32.add (local.get $thread.at0) (i32.const 4)))
                (br_if $thread
                  (i32.lt_u (local.tee $thread (i32.add (local.get $thread) (i32.const 1))) (i32.const 32))))
              (local.set $thread (i32.const 0))
              (local.set $thread.at0
                (i32.add (local.get $scratch) (i32.shl (local.get $thread) (i32.const 2))))
              (loop $thread
                (if
                  (i32.lt_u (local.get $thread) (i32.const 2))
                  (then
                    (f32.store
                      (local.get $thread.at0)
                      (f32.add (f32.load (local.get $thread.at0)) (f32.load offset=8 (local.get $thread.at0))))))
                (local.set $thread.at0 (i32.add (local.get $thread.at0) (i32.const 4)))
                (br_if $thread
                  (i32.lt_u (local.tee $thread (i32.add (local.get $thread) (i32.const 1))) (i32.const 32))))
              (local.set $thread (i32.const 0))
              (local.set $thread.at0
                (i32.add (local.get $scratch) (i32.shl (local.get $thread) (i32.const 2))))
              (loop $thread
                (local.set $top (f32.load offset=128 (local.get $thread.at0)))
                (if
                  (i32.lt_u (local.get $thread) (i32.const 1))
                  (then
                    (f32.store
                      (local.get $thread.at0)
                      (f32.add (f32.load (local.get $thread.at0)) (f32.load offset=4 (local.get $thread.at0))))))
                (if
                  (i32.eq (local.get $thread) (i32.const 0))
                  (then
                    (f32.store
                      (i32.add (local.get $totals) (i32.shl (local.get $workgroup) (i32.const 2)))
                      (f32.add (local.get $top) (call $log_f32 (f32.load (local.get $scratch)))))))
                (local.set $thread.at0 (i32.add (local.get $thread.at0) (i32.const 4)))
                (br_if $thread
                  (i32.lt_u (local.tee $thread (i32.add (local.get $thread) (i32.const 1))) (i32.const 32)))))
            (else
              (local.set $thread (i32.const 0))
              (local.set $thread.at0
                (i32.add (local.get $scratch) (i32.shl (local.get $thread) (i32.const 2))))
              (loop $thread
                (local.set $top (f32.load offset=128 (local.get $thread.at0)))
                (if
                  (i32.eq (local.get $thread) (i32.const 0))
                  (then
                    (f32.store
                      (i32.add (local.get $totals) (i32.shl (local.get $workgroup) (i32.const 2)))
                      (local.get $top))))
                (local.set $thread.at0 (i32.add (local.get $thread.at0) (i32.const 4)))
                (br_if $thread
                  (i32.lt_u (local.tee $thread (i32.add (local.get $thread) (i32.const 1))) (i32.const 32))))))
          (br_if $workgroup
            (i32.lt_u (local.tee $workgroup (i32.add (local.get $workgroup) (i32.const 1))) (local.get $end))))))))
