;; block_scan: exclusive prefix sums in blocks of 16
;; reads flags; writes before
;; 128 bytes of scratch
(module
  (import "attnc" "memory" (memory 1 65536))
  (func (export "block_scan") (param $first i32) (param $end i32) (param $table i32)
    (local $workgroup i32) (local $thread i32) (local $position i32) (local $own i32) (local $flags i32)
    (local $scratch i32) (local $thread.at0 i32) (local $thread.at1 i32) (local $mine_0 i32)
    (local $reach_0 i32) (local $mine_1 i32) (local $reach_1 i32) (local $mine_2 i32) (local $reach_2 i32)
    (local $mine_3 i32) (local $reach_3 i32) (local $before i32) (local $thread.at2 i32)
    (local $thread.at3 i32)
    (local.set $flags (i32.load (local.get $table)))
    (local.set $scratch (i32.load offset=56 (local.get $table)))
    (local.set $before (i32.load offset=8 (local.get $table)))
    (local.set $workgroup (local.get $first))
    (if
      (i32.lt_u (local.get $workgroup) (local.get $end))
      (then
        (loop $workgroup
          (local.set $thread (i32.const 0))
          (local.set $thread.at0
            (i32.add
              (local.get $flags)
              (i32.shl
                (i32.add (i32.mul (local.get $workgroup) (i32.const 16)) (local.get $thread))
                (i32.const 2))))
          (local.set $thread.at1 (i32.add (local.get $scratch) (i32.shl (local.get $thread) (i32.const 2))))
          (loop $thread
            (local.set $own (i32.load (local.get $thread.at0)))
            (i32.store (local.get $thread.at1) (local.get $own))
            (local.set $thread.at0 (i32.add (local.get $thread.at0) (i32.const 4)))
            (local.set $thread.at1 (i32.add (local.get $thread.at1) (i32.const 4)))
            (br_if $thread
              (i32.lt_u (local.tee $thread (i32.add (local.get $thread) (i32.const 1))) (i32.const 16))))
          (local.set $thread (i32.const 0))
          (local.set $thread.at0 (i32.add (local.get $scratch) (i32.shl (local.get $thread) (i32.const 2))))
          (local.set $thread.at1
            (i32.add (local.get $scratch) (i32.shl (i32.sub (local.get $thread) (i32.const 1)) (i32.const 2))))
          (loop $thread
            (local.set $mine_0 (i32.load (local.get $thread.at0)))
            (local.set $reach_0 (local.get $mine_0))
            (if
              (i32.ge_u (local.get $thread) (i32.const 1))
              (then (local.set $reach_0 (i32.add (local.get $mine_0) (i32.load (local.get $thread.at1))))))
            (i32.store offset=64 (local.get $thread.at0) (local.get $reach_0))
            (local.set $thread.at0 (i32.add (local.get $thread.at0) (i32.const 4)))
            (local.set $thread.at1 (i32.add (local.get $thread.at1) (i32.const 4)))
            (br_if $thread
              (i32.lt_u (local.tee $thread (i32.add (local.get $thread) (i32.const 1))) (i32.const 16))))
          (local.set $thread (i32.const 0))
          (local.set $thread.at0 (i32.add (local.get $scratch) (i32.shl (local.get $thread) (i32.const 2))))
          (local.set $thread.at1
            (i32.add
              (local.get $scratch)
              (i32.shl (i32.sub (i32.add (i32.const 16) (local.get $thread)) (i32.const 2)) (i32.const 2))))
          (loop $thread
            (local.set $mine_1 (i32.load offset=64 (local.get $thread.at0)))
            (local.set $reach_1 (local.get $mine_1))
            (if
              (i32.ge_u (local.get $thread) (i32.const 2))
              (then (local.set $reach_1 (i32.add (local.get $mine_1) (i32.load (local.get $thread.at1))))))
            (i32.store (local.get $thread.at0) (local.get $reach_1))
            (local.set $thread.at0 (i32.add (local.get $thread.at0) (i32.const 4)))
            (local.set $thread.at1 (i32.add (local.get $thread.at1) (i32.const 4)))
            (br_if $thread
              (i32.lt_u (local.tee $thread (i32.add (local.get $thread) (i32.const 1))) (i32.const 16))))
          (local.set $thread (i32.const 0))
          (local.set $thread.at0 (i32.add (local.get $scratch) (i32.shl (local.get $thread) (i32.const 2))))
          (local.set $thread.at1
            (i32.add (local.get $scratch) (i32.shl (i32.sub (local.get $thread) (i32.const 4)) (i32.const 2))))
          (loop $thread
            (local.set $mine_2 (i32.load (local.get $thread.at0)))
            (local.set $reach_2 (local.get $mine_2))
            (if
              (i32.ge_u (local.get $thread) (i32.const 4))
              (then (local.set $reach_2 (i32.add (local.get $mine_2) (i32.load (local.get $thread.at1))))))
            (i32.store offset=64 (local.get $thread.at0) (local.get $reach_2))
            (local.set $thread.at0 (i32.add (local.get $thread.at0) (i32.const 4)))
            (local.set $thread.at1 (i32.add (local.get $thread.at1) (i32.const 4)))
            (br_if $thread
              (i32.lt_u (local.tee $thread (i32.add (local.get $thread) (i32.const 1))) (i32.const 16))))
          (local.set $thread (i32.const 0))
          (local.set $thread.at0
            (i32.add
              (local.get $flags)
              (i32.shl
                (i32.add (i32.mul (local.get $workgroup) (i32.const 16)) (local.get $thread))
                (i32.const 2))))
          (local.set $thread.at1 (i32.add (local.get $scratch) (i32.shl (local.get $thread) (i32.const 2))))
          (local.set $thread.at2
            (i32.add
              (local.get $scratch)
              (i32.shl (i32.sub (i32.add (i32.const 16) (local.get $thread)) (i32.const 8)) (i32.const 2))))
          (local.set $thread.at3
            (i32.add
              (local.get $before)
              (i32.shl
                (i32.add (i32.mul (local.get $workgroup) (i32.const 16)) (local.get $thread))
                (i32.const 2))))
          (loop $thread
            (local.set $own (i32.load (local.get $thread.at0)))
            (local.set $mine_3 (i32.load offset=64 (local.get $thread.at1)))
            (local.set $reach_3 (local.get $mine_3))
            (if
              (i32.ge_u (local.get $thread) (i32.const 8))
              (then (local.set $reach_3 (i32.add (local.get $mine_3) (i32.load (local.get $thread.at2))))))
            (i32.store (local.get $thread.at1) (local.get $reach_3))
            (i32.store (local.get $thread.at3) (i32.sub (i32.load (local.get $thread.at1)) (local.get $own)))
            (local.set $thread.at0 (i32.add (local.get $thread.at0) (i32.const 4)))
            (local.set $thread.at1 (i32.add (local.get $thread.at1) (i32.const 4)))
            (local.set $thread.at2 (i32.add (local.get $thread.at2) (i32.const 4)))
            (local.set $thread.at3 (i32.add (local.get $thread.at3) (i32.const 4)))
            (br_if $thread
              (i32.lt_u (local.tee $thread (i32.add (local.get $thread) (i32.const 1))) (i32.const 16))))
          (br_if $workgroup
            (i32.lt_u (local.tee $workgroup (i32.add (local.get $workgroup) (i32.const 1))) (local.get $end))))))))
