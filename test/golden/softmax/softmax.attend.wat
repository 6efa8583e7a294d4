;; attend: Each row: Σ κ(q, k) v over Σ κ(q, k), in one pass over the keys.
;; reads q, k, v, lengths; writes out
;; 102912 bytes of scratch
(module
  (import "attnc" "memory" (memory 1 65536))
  ;; a % b, or 0 where b is 0
  (func $remainder_u32 (param $a i32) (param $b i32) (result i32)
    (i32.rem_u (local.get $a) (select (local.get $b) (i32.const 1) (local.get $b))))
  ;; a / b, or a where b is 0
  (func $quotient_u32 (param $a i32) (param $b i32) (result i32)
    (i32.div_u (local.get $a) (select (local.get $b) (i32.const 1) (local.get $b))))
  ;; the lesser of two
  (func $min_u32 (param $a i32) (param $b i32) (result i32)
    (select (local.get $a) (local.get $b) (i32.lt_u (local.get $a) (local.get $b))))
  ;; the greater of two
  (func $max_u32 (param $a i32) (param $b i32) (result i32)
    (select (local.get $a) (local.get $b) (i32.gt_u (local.get $a) (local.get $b))))
  ;; 2^x = 2^n·2^r where n = ⌊x⌋, and (2^r − 1) / r is a polynomial; 0 below −126
  (func $exp2_vec4f (param $x v128) (result v128)
    (local $bounded v128) (local $n v128) (local $r v128) (local $scale v128)
    (local.set $bounded
      (f32x4.pmin
        (v128.const f32x4 127.99999 127.99999 127.99999 127.99999)
        (f32x4.pmax (v128.const f32x4 -127.0 -127.0 -127.0 -127.0) (local.get $x))))
    (local.set $n (f32x4.floor (local.get $bounded)))
    (local.set $r (f32x4.sub (local.get $bounded) (local.get $n)))
    (local.set $scale
      (i32x4.shl
        (f32x4.add (local.get $n) (v128.const f32x4 12583039.0 12583039.0 12583039.0 12583039.0))
        (i32.const 23)))
    (f32x4.mul
      (local.get $scale)
      (f32x4.relaxed_madd
        (local.get $r)
        (f32x4.relaxed_madd
          (local.get $r)
          (f32x4.relaxed_madd
            (local.get $r)
            (f32x4.relaxed_madd
              (local.get $r)
              (f32x4.relaxed_madd
                (local.get $r)
                (f32x4.relaxed_madd
                  (local.get $r)
                  (v128.const f32x4 2.1612918e-4 2.1612918e-4 2.1612918e-4 2.1612918e-4)
                  (v128.const f32x4 0.0012467846 0.0012467846 0.0012467846 0.0012467846))
                (v128.const f32x4 0.009675452 0.009675452 0.009675452 0.009675452))
              (v128.const f32x4 0.055485282 0.055485282 0.055485282 0.055485282))
            (v128.const f32x4 0.24022931 0.24022931 0.24022931 0.24022931))
          (v128.const f32x4 0.69314706 0.69314706 0.69314706 0.69314706))
        (v128.const f32x4 1.0 1.0 1.0 1.0))))
  (func (export "attend") (param $first i32) (param $end i32) (param $table i32)
    (local $workgroup i32) (local $shape.length i32) (local $rowTile i32) (local $rest1 i32)
    (local $shape.heads i32) (local $shape.kvHeads i32) (local $headInGroup i32) (local $slice i32)
    (local $shape.sliceStart i32) (local $group i32) (local $batchItem i32) (local $keyGroup i32)
    (local $lengths i32) (local $shape.keyLength i32) (local $visible i32) (local $queryHead i32)
    (local $firstRow i32) (local $rows i32) (local $end_ i32) (local $firstQuery i32) (local $firstKey i32)
    (local $firstValue i32) (local $cleared i32) (local $cleared.end i32) (local $scratch i32)
    (local $cleared.at0 i32) (local $clearedRow i32) (local $clearedRow.end i32) (local $clearedRow.at0 i32)
    (local $query_row i32) (local $query_row.end i32) (local $query_from0 i32) (local $query_from1 i32)
    (local $query_from2 i32) (local $query_from3 i32) (local $query_from4 i32) (local $query_from5 i32)
    (local $query_from6 i32) (local $query_from7 i32) (local $query_to i32) (local $query_column i32)
    (local $query_at i32) (local $q i32) (local $from i32) (local $from.end i32) (local $here i32)
    (local $key_row i32) (local $key_row.end i32) (local $key_from i32) (local $key_to i32)
    (local $key_column i32) (local $k i32) (local $key_column.at0 i32) (local $key_column.at1 i32)
    (local $value_row i32) (local $value_row.end i32) (local $value_from i32) (local $value_column i32)
    (local $v i32) (local $value_column.at0 i32) (local $block i32) (local $block.end i32)
    (local $blockRow i32) (local $blockKeys i32) (local $top0 v128) (local $top1 v128)
    (local $queryPanel i32) (local $fourKeys i32) (local $fourKeys.end i32) (local $groupKey i32)
    (local $keyStart i32) (local $allSeen i32) (local $pair0_value1 v128) (local $pair0_value2 v128)
    (local $pair0_value3 v128) (local $pair0_value4 v128) (local $pair1_value1 v128)
    (local $pair1_value2 v128) (local $pair1_value3 v128) (local $pair1_value4 v128) (local $dot_sum00 v128)
    (local $dot_sum01 v128) (local $dot_sum10 v128) (local $dot_sum11 v128) (local $dot_sum20 v128)
    (local $dot_sum21 v128) (local $dot_sum30 v128) (local $dot_sum31 v128) (local $dot_t i32)
    (local $dot_tVector0 v128) (local $dot_tVector1 v128) (local $dot_tRow0 v128) (local $dot_tRow1 v128)
    (local $dot_tRow2 v128) (local $dot_tRow3 v128) (local $dot_t.at0 i32) (local $dot_t.at1 i32)
    (local $score00 v128) (local $score01 v128) (local $score02 v128) (local $score03 v128)
    (local $score10 v128) (local $score11 v128) (local $score12 v128) (local $score13 v128)
    (local $shrink0 v128) (local $shrink1 v128) (local $total0 v128) (local $total1 v128) (local $pair i32)
    (local $pair.end i32) (local $weight0 v128) (local $weight1 v128) (local $exp2_vec4f.x v128)
    (local $exp2_vec4f.bounded v128) (local $exp2_vec4f.n v128) (local $exp2_vec4f.r v128)
    (local $exp2_vec4f.scale v128) (local $pair.at0 i32) (local $shrink00 v128) (local $shrink01 v128)
    (local $shrink02 v128) (local $shrink03 v128) (local $shrink10 v128) (local $shrink11 v128)
    (local $shrink12 v128) (local $shrink13 v128) (local $column i32) (local $sumStart0 i32)
    (local $add0_sum00 v128) (local $add0_sum01 v128) (local $add0_sum10 v128) (local $add0_sum11 v128)
    (local $add0_sum20 v128) (local $add0_sum21 v128) (local $add0_sum30 v128) (local $add0_sum31 v128)
    (local $add0_t i32) (local $add0_t.end i32) (local $add0_tVector0 v128) (local $add0_tVector1 v128)
    (local $add0_tRow0 v128) (local $add0_tRow1 v128) (local $add0_tRow2 v128) (local $add0_tRow3 v128)
    (local $add0_t.at0 i32) (local $add0_t.at1 i32) (local $sumStart1 i32) (local $add1_sum00 v128)
    (local $add1_sum01 v128) (local $add1_sum10 v128) (local $add1_sum11 v128) (local $add1_sum20 v128)
    (local $add1_sum21 v128) (local $add1_sum30 v128) (local $add1_sum31 v128) (local $add1_t i32)
    (local $add1_t.end i32) (local $add1_tVector0 v128) (local $add1_tVector1 v128) (local $add1_tRow0 v128)
    (local $add1_tRow1 v128) (local $add1_tRow2 v128) (local $add1_tRow3 v128) (local $add1_t.at0 i32)
    (local $add1_t.at1 i32) (local $row i32) (local $row.end i32) (local $number i32) (local $outStart i32)
    (local $factor f32) (local $sumStart i32) (local $out i32) (local $column.at0 i32)
    (local $column.at1 i32)
    (local.set $shape.length (i32.load offset=52 (local.get $table)))
    (local.set $shape.heads (i32.load offset=44 (local.get $table)))
    (local.set $shape.kvHeads (i32.load offset=48 (local.get $table)))
    (local.set $shape.sliceStart (i32.load offset=72 (local.get $table)))
    (local.set $lengths (i32.load offset=24 (local.get $table)))
    (local.set $shape.keyLength (i32.load offset=56 (local.get $table)))
    (local.set $scratch (i32.load offset=80 (local.get $table)))
    (local.set $q (i32.load (local.get $table)))
    (local.set $k (i32.load offset=8 (local.get $table)))
    (local.set $v (i32.load offset=16 (local.get $table)))
    (local.set $out (i32.load offset=32 (local.get $table)))
    (local.set $workgroup (local.get $first))
    (if
      (i32.lt_u (local.get $workgroup) (local.get $end))
      (then
        (loop $workgroup
          (local.set $rowTile
            (call $remainder_u32
              (local.get $workgroup)
              (i32.div_u (i32.add (local.get $shape.length) (i32.const 63)) (i32.const 64))))
          (local.set $rest1
            (call $quotient_u32
              (local.get $workgroup)
              (i32.div_u (i32.add (local.get $shape.length) (i32.const 63)) (i32.const 64))))
          (local.set $headInGroup
            (call $remainder_u32
              (local.get $rest1)
              (call $quotient_u32 (local.get $shape.heads) (local.get $shape.kvHeads))))
          (local.set $slice
            (call $quotient_u32
              (local.get $rest1)
              (call $quotient_u32 (local.get $shape.heads) (local.get $shape.kvHeads))))
          (local.set $group (i32.add (local.get $shape.sliceStart) (local.get $slice)))
          (local.set $batchItem (call $quotient_u32 (local.get $group) (local.get $shape.kvHeads)))
          (local.set $keyGroup (local.get $group))
          (local.set $visible
            (call $min_u32
              (i32.load (i32.add (local.get $lengths) (i32.shl (local.get $batchItem) (i32.const 2))))
              (local.get $shape.keyLength)))
          (local.set $queryHead
            (i32.add
              (i32.mul
                (local.get $group)
                (call $quotient_u32 (local.get $shape.heads) (local.get $shape.kvHeads)))
              (local.get $headInGroup)))
          (local.set $firstRow (i32.mul (local.get $rowTile) (i32.const 64)))
          (local.set $rows
            (call $min_u32
              (i32.sub (call $max_u32 (local.get $shape.length) (local.get $firstRow)) (local.get $firstRow))
              (i32.const 64)))
          (local.set $end_
            (call $min_u32 (local.get $visible) (i32.add (local.get $firstRow) (local.get $rows))))
          (local.set $firstQuery
            (i32.add
              (i32.mul (i32.mul (local.get $queryHead) (local.get $shape.length)) (i32.const 64))
              (i32.mul (local.get $firstRow) (i32.const 64))))
          (local.set $firstKey
            (i32.mul (i32.mul (local.get $keyGroup) (local.get $shape.keyLength)) (i32.const 64)))
          (local.set $firstValue
            (i32.mul (i32.mul (local.get $keyGroup) (local.get $shape.keyLength)) (i32.const 64)))
          (local.set $cleared (i32.const 0))
          (local.set $cleared.end
            (i32.mul (i32.div_u (i32.add (local.get $rows) (i32.const 7)) (i32.const 8)) (i32.const 512)))
          (if
            (i32.lt_u (local.get $cleared) (local.get $cleared.end))
            (then
              (local.set $cleared.at0
                (i32.add (local.get $scratch) (i32.shl (local.get $cleared) (i32.const 2))))
              (loop $cleared
                (v128.store offset=81920 (local.get $cleared.at0) (v128.const f32x4 0.0 0.0 0.0 0.0))
                (local.set $cleared.at0 (i32.add (local.get $cleared.at0) (i32.const 16)))
                (br_if $cleared
                  (i32.lt_u
                    (local.tee $cleared (i32.add (local.get $cleared) (i32.const 4)))
                    (local.get $cleared.end))))))
          (local.set $clearedRow (i32.const 0))
          (local.set $clearedRow.end
            (i32.mul (i32.div_u (i32.add (local.get $rows) (i32.const 7)) (i32.const 8)) (i32.const 8)))
          (if
            (i32.lt_u (local.get $clearedRow) (local.get $clearedRow.end))
            (then
              (local.set $clearedRow.at0
                (i32.add (local.get $scratch) (i32.shl (local.get $clearedRow) (i32.const 2))))
              (loop $clearedRow
                (v128.store offset=98304 (local.get $clearedRow.at0) (v128.const f32x4 0.0 0.0 0.0 0.0))
                (v128.store offset=102656
                  (local.get $clearedRow.at0)
                  (v128.const f32x4 -5e29 -5e29 -5e29 -5e29))
                (local.set $clearedRow.at0 (i32.add (local.get $clearedRow.at0) (i32.const 16)))
                (br_if $clearedRow
                  (i32.lt_u
                    (local.tee $clearedRow (i32.add (local.get $clearedRow) (i32.const 4)))
                    (local.get $clearedRow.end))))))
          (local.set $query_row (i32.const 0))
          (local.set $query_row.end (local.get $rows))
          (if
            (i32.lt_u (local.get $query_row) (local.get $query_row.end))
            (then
              (loop $query_row
                (local.set $query_from0
                  (i32.add
                    (local.get $firstQuery)
                    (i32.mul
                      (call $min_u32
                        (local.get $query_row)
                        (i32.sub (call $max_u32 (local.get $rows) (i32.const 1)) (i32.const 1)))
                      (i32.const 64))))
                (local.set $query_from1
                  (i32.add
                    (local.get $firstQuery)
                    (i32.mul
                      (call $min_u32
                        (i32.add (local.get $query_row) (i32.const 1))
                        (i32.sub (call $max_u32 (local.get $rows) (i32.const 1)) (i32.const 1)))
                      (i32.const 64))))
                (local.set $query_from2
                  (i32.add
                    (local.get $firstQuery)
                    (i32.mul
                      (call $min_u32
                        (i32.add (local.get $query_row) (i32.const 2))
                        (i32.sub (call $max_u32 (local.get $rows) (i32.const 1)) (i32.const 1)))
                      (i32.const 64))))
                (local.set $query_from3
                  (i32.add
                    (local.get $firstQuery)
                    (i32.mul
                      (call $min_u32
                        (i32.add (local.get $query_row) (i32.const 3))
                        (i32.sub (call $max_u32 (local.get $rows) (i32.const 1)) (i32.const 1)))
                      (i32.const 64))))
                (local.set $query_from4
                  (i32.add
                    (local.get $firstQuery)
                    (i32.mul
                      (call $min_u32
                        (i32.add (local.get $query_row) (i32.const 4))
                        (i32.sub (call $max_u32 (local.get $rows) (i32.const 1)) (i32.const 1)))
                      (i32.const 64))))
                (local.set $query_from5
                  (i32.add
                    (local.get $firstQuery)
                    (i32.mul
                      (call $min_u32
                        (i32.add (local.get $query_row) (i32.const 5))
                        (i32.sub (call $max_u32 (local.get $rows) (i32.const 1)) (i32.const 1)))
                      (i32.const 64))))
                (local.set $query_from6
                  (i32.add
                    (local.get $firstQuery)
                    (i32.mul
                      (call $min_u32
                        (i32.add (local.get $query_row) (i32.const 6))
                        (i32.sub (call $max_u32 (local.get $rows) (i32.const 1)) (i32.const 1)))
                      (i32.const 64))))
                (local.set $query_from7
                  (i32.add
                    (local.get $firstQuery)
                    (i32.mul
                      (call $min_u32
                        (i32.add (local.get $query_row) (i32.const 7))
                        (i32.sub (call $max_u32 (local.get $rows) (i32.const 1)) (i32.const 1)))
                      (i32.const 64))))
                (local.set $query_to (i32.mul (local.get $query_row) (i32.const 64)))
                (local.set $query_column (i32.const 0))
                (loop $query_column
                  (local.set $query_at
                    (i32.add (local.get $query_to) (i32.mul (local.get $query_column) (i32.const 8))))
                  (v128.store
                    (i32.add (local.get $scratch) (i32.shl (local.get $query_at) (i32.const 2)))
                    (v128.load32_lane 3
                      (i32.add
                        (local.get $q)
                        (i32.shl (i32.add (local.get $query_from3) (local.get $query_column)) (i32.const 2)))
                      (v128.load32_lane 2
                        (i32.add
                          (local.get $q)
                          (i32.shl (i32.add (local.get $query_from2) (local.get $query_column)) (i32.const 2)))
                        (v128.load32_lane 1
                          (i32.add
                            (local.get $q)
                            (i32.shl
                              (i32.add (local.get $query_from1) (local.get $query_column))
                              (i32.const 2)))
                          (v128.load32_zero
                            (i32.add
                              (local.get $q)
                              (i32.shl
                                (i32.add (local.get $query_from0) (local.get $query_column))
                                (i32.const 2))))))))
                  (v128.store offset=16
                    (i32.add (local.get $scratch) (i32.shl (local.get $query_at) (i32.const 2)))
                    (v128.load32_lane 3
                      (i32.add
                        (local.get $q)
                        (i32.shl (i32.add (local.get $query_from7) (local.get $query_column)) (i32.const 2)))
                      (v128.load32_lane 2
                        (i32.add
                          (local.get $q)
                          (i32.shl (i32.add (local.get $query_from6) (local.get $query_column)) (i32.const 2)))
                        (v128.load32_lane 1
                          (i32.add
                            (local.get $q)
                            (i32.shl
                              (i32.add (local.get $query_from5) (local.get $query_column))
                              (i32.const 2)))
                          (v128.load32_zero
                            (i32.add
                              (local.get $q)
                              (i32.shl
                                (i32.add (local.get $query_from4) (local.get $query_column))
                                (i32.const 2))))))))
                  (br_if $query_column
                    (i32.lt_u
                      (local.tee $query_column (i32.add (local.get $query_column) (i32.const 1)))
                      (i32.const 64))))
                (br_if $query_row
                  (i32.lt_u
                    (local.tee $query_row (i32.add (local.get $query_row) (i32.const 8)))
                    (local.get $query_row.end))))))
          (local.set $from (i32.const 0))
          (local.set $from.end (local.get $end_))
          (if
            (i32.lt_u (local.get $from) (local.get $from.end))
            (then
              (loop $from
                (local.set $here
                  (call $min_u32
                    (i32.sub (call $max_u32 (local.get $end_) (local.get $from)) (local.get $from))
                    (i32.const 128)))
                (local.set $key_row (i32.const 0))
                (local.set $key_row.end
                  (i32.mul (i32.div_u (i32.add (local.get $here) (i32.const 3)) (i32.const 4)) (i32.const 4)))
                (if
                  (i32.lt_u (local.get $key_row) (local.get $key_row.end))
                  (then
                    (loop $key_row
                      (local.set $key_from
                        (i32.add
                          (i32.add (local.get $firstKey) (i32.mul (local.get $from) (i32.const 64)))
                          (i32.mul
                            (call $min_u32
                              (local.get $key_row)
                              (i32.sub (call $max_u32 (local.get $here) (i32.const 1)) (i32.const 1)))
                            (i32.const 64))))
                      (local.set $key_to (i32.mul (local.get $key_row) (i32.const 64)))
                      (local.set $key_column (i32.const 0))
                      (local.set $key_column.at0
                        (i32.add
                          (local.get $k)
                          (i32.shl (i32.add (local.get $key_from) (local.get $key_column)) (i32.const 2))))
                      (local.set $key_column.at1
                        (i32.add
                          (local.get $scratch)
                          (i32.shl (i32.add (local.get $key_to) (local.get $key_column)) (i32.const 2))))
                      (loop $key_column
                        (v128.store offset=16384
                          (local.get $key_column.at1)
                          (v128.load (local.get $key_column.at0)))
                        (local.set $key_column.at0 (i32.add (local.get $key_column.at0) (i32.const 16)))
                        (local.set $key_column.at1 (i32.add (local.get $key_column.at1) (i32.const 16)))
                        (br_if $key_column
                          (i32.lt_u
                            (local.tee $key_column (i32.add (local.get $key_column) (i32.const 4)))
                            (i32.const 64))))
                      (br_if $key_row
                        (i32.lt_u
                          (local.tee $key_row (i32.add (local.get $key_row) (i32.const 1)))
                          (local.get $key_row.end))))))
                (local.set $value_row (i32.const 0))
                (local.set $value_row.end (local.get $here))
                (if
                  (i32.lt_u (local.get $value_row) (local.get $value_row.end))
                  (then
                    (loop $value_row
                      (local.set $value_from
                        (i32.add
                          (i32.add (local.get $firstValue) (i32.mul (local.get $from) (i32.const 64)))
                          (i32.mul (local.get $value_row) (i32.const 64))))
                      (local.set $value_column (i32.const 0))
                      (local.set $value_column.at0
                        (i32.add
                          (local.get $v)
                          (i32.shl (i32.add (local.get $value_from) (local.get $value_column)) (i32.const 2))))
                      (loop $value_column
                        (v128.store offset=49152
                          (i32.add
                            (local.get $scratch)
                            (i32.shl
                              (i32.add
                                (i32.add
                                  (i32.mul
                                    (i32.sub
                                      (local.get $value_column)
                                      (i32.rem_u (local.get $value_column) (i32.const 8)))
                                    (i32.const 128))
                                  (i32.mul (local.get $value_row) (i32.const 8)))
                                (i32.rem_u (local.get $value_column) (i32.const 8)))
                              (i32.const 2)))
                          (v128.load (local.get $value_column.at0)))
                        (local.set $value_column.at0 (i32.add (local.get $value_column.at0) (i32.const 16)))
                        (br_if $value_column
                          (i32.lt_u
                            (local.tee $value_column (i32.add (local.get $value_column) (i32.const 4)))
                            (i32.const 64))))
                      (br_if $value_row
                        (i32.lt_u
                          (local.tee $value_row (i32.add (local.get $value_row) (i32.const 1)))
                          (local.get $value_row.end))))))
                (local.set $block (i32.const 0))
                (local.set $block.end (local.get $rows))
                (if
                  (i32.lt_u (local.get $block) (local.get $block.end))
                  (then
                    (loop $block
                      (local.set $blockRow (i32.add (local.get $firstRow) (local.get $block)))
                      (local.set $blockKeys
                        (call $min_u32
                          (i32.sub
                            (call $max_u32
                              (call $min_u32 (local.get $end_) (i32.add (local.get $blockRow) (i32.const 8)))
                              (local.get $from))
                            (local.get $from))
                          (i32.const 128)))
                      (if
                        (i32.gt_u (local.get $blockKeys) (i32.const 0))
                        (then
                          (local.set $top0
                            (v128.load offset=102656
                              (i32.add (local.get $scratch) (i32.shl (local.get $block) (i32.const 2)))))
                          (local.set $top1
                            (v128.load offset=102672
                              (i32.add (local.get $scratch) (i32.shl (local.get $block) (i32.const 2)))))
                          (local.set $queryPanel (i32.mul (local.get $block) (i32.const 64)))
                          (local.set $fourKeys (i32.const 0))
                          (local.set $fourKeys.end (local.get $blockKeys))
                          (if
                            (i32.lt_u (local.get $fourKeys) (local.get $fourKeys.end))
                            (then
                              (loop $fourKeys
                                (local.set $groupKey (i32.add (local.get $from) (local.get $fourKeys)))
                                (local.set $keyStart (i32.mul (local.get $fourKeys) (i32.const 64)))
                                (local.set $allSeen
                                  (i32.and
                                    (i32.le_u (i32.add (local.get $groupKey) (i32.const 4)) (local.get $end_))
                                    (i32.le_u
                                      (i32.add (local.get $groupKey) (i32.const 3))
                                      (local.get $blockRow))))
                                (local.set $dot_sum00 (v128.const f32x4 0.0 0.0 0.0 0.0))
                                (local.set $dot_sum01 (v128.const f32x4 0.0 0.0 0.0 0.0))
                                (local.set $dot_sum10 (v128.const f32x4 0.0 0.0 0.0 0.0))
                                (local.set $dot_sum11 (v128.const f32x4 0.0 0.0 0.0 0.0))
                                (local.set $dot_sum20 (v128.const f32x4 0.0 0.0 0.0 0.0))
                                (local.set $dot_sum21 (v128.const f32x4 0.0 0.0 0.0 0.0))
                                (local.set $dot_sum30 (v128.const f32x4 0.0 0.0 0.0 0.0))
                                (local.set $dot_sum31 (v128.const f32x4 0.0 0.0 0.0 0.0))
                                (local.set $dot_t (i32.const 0))
                                (local.set $dot_t.at0
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl
                                      (i32.add
                                        (local.get $queryPanel)
                                        (i32.mul (local.get $dot_t) (i32.const 8)))
                                      (i32.const 2))))
                                (local.set $dot_t.at1
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (i32.add (local.get $keyStart) (local.get $dot_t)) (i32.const 2))))
                                (loop $dot_t
                                  (local.set $dot_tVector0 (v128.load (local.get $dot_t.at0)))
                                  (local.set $dot_tVector1 (v128.load offset=16 (local.get $dot_t.at0)))
                                  (local.set $dot_tRow0
                                    (v128.load32_splat offset=16384 (local.get $dot_t.at1)))
                                  (local.set $dot_sum00
                                    (f32x4.relaxed_madd
                                      (local.get $dot_tRow0)
                                      (local.get $dot_tVector0)
                                      (local.get $dot_sum00)))
                                  (local.set $dot_sum01
                                    (f32x4.relaxed_madd
                                      (local.get $dot_tRow0)
                                      (local.get $dot_tVector1)
                                      (local.get $dot_sum01)))
                                  (local.set $dot_tRow1
                                    (v128.load32_splat offset=16640 (local.get $dot_t.at1)))
                                  (local.set $dot_sum10
                                    (f32x4.relaxed_madd
                                      (local.get $dot_tRow1)
                                      (local.get $dot_tVector0)
                                      (local.get $dot_sum10)))
                                  (local.set $dot_sum11
                                    (f32x4.relaxed_madd
                                      (local.get $dot_tRow1)
                                      (local.get $dot_tVector1)
                                      (local.get $dot_sum11)))
                                  (local.set $dot_tRow2
                                    (v128.load32_splat offset=16896 (local.get $dot_t.at1)))
                                  (local.set $dot_sum20
                                    (f32x4.relaxed_madd
                                      (local.get $dot_tRow2)
                                      (local.get $dot_tVector0)
                                      (local.get $dot_sum20)))
                                  (local.set $dot_sum21
                                    (f32x4.relaxed_madd
                                      (local.get $dot_tRow2)
                                      (local.get $dot_tVector1)
                                      (local.get $dot_sum21)))
                                  (local.set $dot_tRow3
                                    (v128.load32_splat offset=17152 (local.get $dot_t.at1)))
                                  (local.set $dot_sum30
                                    (f32x4.relaxed_madd
                                      (local.get $dot_tRow3)
                                      (local.get $dot_tVector0)
                                      (local.get $dot_sum30)))
                                  (local.set $dot_sum31
                                    (f32x4.relaxed_madd
                                      (local.get $dot_tRow3)
                                      (local.get $dot_tVector1)
                                      (local.get $dot_sum31)))
                                  (local.set $dot_t.at0 (i32.add (local.get $dot_t.at0) (i32.const 32)))
                                  (local.set $dot_t.at1 (i32.add (local.get $dot_t.at1) (i32.const 4)))
                                  (br_if $dot_t
                                    (i32.lt_u
                                      (local.tee $dot_t (i32.add (local.get $dot_t) (i32.const 1)))
                                      (i32.const 64))))
                                (local.set $pair0_value1
                                  (f32x4.mul
                                    (v128.const f32x4 0.18033688 0.18033688 0.18033688 0.18033688)
                                    (local.get $dot_sum00)))
                                (local.set $pair0_value2
                                  (f32x4.mul
                                    (v128.const f32x4 0.18033688 0.18033688 0.18033688 0.18033688)
                                    (local.get $dot_sum10)))
                                (local.set $pair0_value3
                                  (f32x4.mul
                                    (v128.const f32x4 0.18033688 0.18033688 0.18033688 0.18033688)
                                    (local.get $dot_sum20)))
                                (local.set $pair0_value4
                                  (f32x4.mul
                                    (v128.const f32x4 0.18033688 0.18033688 0.18033688 0.18033688)
                                    (local.get $dot_sum30)))
                                (local.set $score00 (local.get $pair0_value1))
                                (local.set $score01 (local.get $pair0_value2))
                                (local.set $score02 (local.get $pair0_value3))
                                (local.set $score03 (local.get $pair0_value4))
                                (local.set $pair1_value1
                                  (f32x4.mul
                                    (v128.const f32x4 0.18033688 0.18033688 0.18033688 0.18033688)
                                    (local.get $dot_sum01)))
                                (local.set $pair1_value2
                                  (f32x4.mul
                                    (v128.const f32x4 0.18033688 0.18033688 0.18033688 0.18033688)
                                    (local.get $dot_sum11)))
                                (local.set $pair1_value3
                                  (f32x4.mul
                                    (v128.const f32x4 0.18033688 0.18033688 0.18033688 0.18033688)
                                    (local.get $dot_sum21)))
                                (local.set $pair1_value4
                                  (f32x4.mul
                                    (v128.const f32x4 0.18033688 0.18033688 0.18033688 0.18033688)
                                    (local.get $dot_sum31)))
                                (local.set $score10 (local.get $pair1_value1))
                                (local.set $score11 (local.get $pair1_value2))
                                (local.set $score12 (local.get $pair1_value3))
                                (local.set $score13 (local.get $pair1_value4))
                                (if
                                  (i32.eqz (local.get $allSeen))
                                  (then
                                    (local.set $score00
                                      (f32x4.replace_lane 3
                                        (f32x4.replace_lane 2
                                          (f32x4.replace_lane 1
                                            (f32x4.splat
                                              (select
                                                (f32x4.extract_lane 0 (local.get $score00))
                                                (f32.const -1e30)
                                                (i32.and
                                                  (i32.lt_u (local.get $groupKey) (local.get $end_))
                                                  (i32.le_u (local.get $groupKey) (local.get $blockRow)))))
                                            (select
                                              (f32x4.extract_lane 1 (local.get $score00))
                                              (f32.const -1e30)
                                              (i32.and
                                                (i32.lt_u (local.get $groupKey) (local.get $end_))
                                                (i32.le_u
                                                  (local.get $groupKey)
                                                  (i32.add (local.get $blockRow) (i32.const 1))))))
                                          (select
                                            (f32x4.extract_lane 2 (local.get $score00))
                                            (f32.const -1e30)
                                            (i32.and
                                              (i32.lt_u (local.get $groupKey) (local.get $end_))
                                              (i32.le_u
                                                (local.get $groupKey)
                                                (i32.add (local.get $blockRow) (i32.const 2))))))
                                        (select
                                          (f32x4.extract_lane 3 (local.get $score00))
                                          (f32.const -1e30)
                                          (i32.and
                                            (i32.lt_u (local.get $groupKey) (local.get $end_))
                                            (i32.le_u
                                              (local.get $groupKey)
                                              (i32.add (local.get $blockRow) (i32.const 3)))))))
                                    (local.set $score01
                                      (f32x4.replace_lane 3
                                        (f32x4.replace_lane 2
                                          (f32x4.replace_lane 1
                                            (f32x4.splat
                                              (select
                                                (f32x4.extract_lane 0 (local.get $score01))
                                                (f32.const -1e30)
                                                (i32.and
                                                  (i32.lt_u
                                                    (i32.add (local.get $groupKey) (i32.const 1))
                                                    (local.get $end_))
                                                  (i32.le_u
                                                    (i32.add (local.get $groupKey) (i32.const 1))
                                                    (local.get $blockRow)))))
                                            (select
                                              (f32x4.extract_lane 1 (local.get $score01))
                                              (f32.const -1e30)
                                              (i32.and
                                                (i32.lt_u
                                                  (i32.add (local.get $groupKey) (i32.const 1))
                                                  (local.get $end_))
                                                (i32.le_u
                                                  (i32.add (local.get $groupKey) (i32.const 1))
                                                  (i32.add (local.get $blockRow) (i32.const 1))))))
                                          (select
                                            (f32x4.extract_lane 2 (local.get $score01))
                                            (f32.const -1e30)
                                            (i32.and
                                              (i32.lt_u
                                                (i32.add (local.get $groupKey) (i32.const 1))
                                                (local.get $end_))
                                              (i32.le_u
                                                (i32.add (local.get $groupKey) (i32.const 1))
                                                (i32.add (local.get $blockRow) (i32.const 2))))))
                                        (select
                                          (f32x4.extract_lane 3 (local.get $score01))
                                          (f32.const -1e30)
                                          (i32.and
                                            (i32.lt_u
                                              (i32.add (local.get $groupKey) (i32.const 1))
                                              (local.get $end_))
                                            (i32.le_u
                                              (i32.add (local.get $groupKey) (i32.const 1))
                                              (i32.add (local.get $blockRow) (i32.const 3)))))))
                                    (local.set $score02
                                      (f32x4.replace_lane 3
                                        (f32x4.replace_lane 2
                                          (f32x4.replace_lane 1
                                            (f32x4.splat
                                              (select
                                                (f32x4.extract_lane 0 (local.get $score02))
                                                (f32.const -1e30)
                                                (i32.and
                                                  (i32.lt_u
                                                    (i32.add (local.get $groupKey) (i32.const 2))
                                                    (local.get $end_))
                                                  (i32.le_u
                                                    (i32.add (local.get $groupKey) (i32.const 2))
                                                    (local.get $blockRow)))))
                                            (select
                                              (f32x4.extract_lane 1 (local.get $score02))
                                              (f32.const -1e30)
                                              (i32.and
                                                (i32.lt_u
                                                  (i32.add (local.get $groupKey) (i32.const 2))
                                                  (local.get $end_))
                                                (i32.le_u
                                                  (i32.add (local.get $groupKey) (i32.const 2))
                                                  (i32.add (local.get $blockRow) (i32.const 1))))))
                                          (select
                                            (f32x4.extract_lane 2 (local.get $score02))
                                            (f32.const -1e30)
                                            (i32.and
                                              (i32.lt_u
                                                (i32.add (local.get $groupKey) (i32.const 2))
                                                (local.get $end_))
                                              (i32.le_u
                                                (i32.add (local.get $groupKey) (i32.const 2))
                                                (i32.add (local.get $blockRow) (i32.const 2))))))
                                        (select
                                          (f32x4.extract_lane 3 (local.get $score02))
                                          (f32.const -1e30)
                                          (i32.and
                                            (i32.lt_u
                                              (i32.add (local.get $groupKey) (i32.const 2))
                                              (local.get $end_))
                                            (i32.le_u
                                              (i32.add (local.get $groupKey) (i32.const 2))
                                              (i32.add (local.get $blockRow) (i32.const 3)))))))
                                    (local.set $score03
                                      (f32x4.replace_lane 3
                                        (f32x4.replace_lane 2
                                          (f32x4.replace_lane 1
                                            (f32x4.splat
                                              (select
                                                (f32x4.extract_lane 0 (local.get $score03))
                                                (f32.const -1e30)
                                                (i32.and
                                                  (i32.lt_u
                                                    (i32.add (local.get $groupKey) (i32.const 3))
                                                    (local.get $end_))
                                                  (i32.le_u
                                                    (i32.add (local.get $groupKey) (i32.const 3))
                                                    (local.get $blockRow)))))
                                            (select
                                              (f32x4.extract_lane 1 (local.get $score03))
                                              (f32.const -1e30)
                                              (i32.and
                                                (i32.lt_u
                                                  (i32.add (local.get $groupKey) (i32.const 3))
                                                  (local.get $end_))
                                                (i32.le_u
                                                  (i32.add (local.get $groupKey) (i32.const 3))
                                                  (i32.add (local.get $blockRow) (i32.const 1))))))
                                          (select
                                            (f32x4.extract_lane 2 (local.get $score03))
                                            (f32.const -1e30)
                                            (i32.and
                                              (i32.lt_u
                                                (i32.add (local.get $groupKey) (i32.const 3))
                                                (local.get $end_))
                                              (i32.le_u
                                                (i32.add (local.get $groupKey) (i32.const 3))
                                                (i32.add (local.get $blockRow) (i32.const 2))))))
                                        (select
                                          (f32x4.extract_lane 3 (local.get $score03))
                                          (f32.const -1e30)
                                          (i32.and
                                            (i32.lt_u
                                              (i32.add (local.get $groupKey) (i32.const 3))
                                              (local.get $end_))
                                            (i32.le_u
                                              (i32.add (local.get $groupKey) (i32.const 3))
                                              (i32.add (local.get $blockRow) (i32.const 3)))))))
                                    (local.set $score10
                                      (f32x4.replace_lane 3
                                        (f32x4.replace_lane 2
                                          (f32x4.replace_lane 1
                                            (f32x4.splat
                                              (select
                                                (f32x4.extract_lane 0 (local.get $score10))
                                                (f32.const -1e30)
                                                (i32.and
                                                  (i32.lt_u (local.get $groupKey) (local.get $end_))
                                                  (i32.le_u
                                                    (local.get $groupKey)
                                                    (i32.add (local.get $blockRow) (i32.const 4))))))
                                            (select
                                              (f32x4.extract_lane 1 (local.get $score10))
                                              (f32.const -1e30)
                                              (i32.and
                                                (i32.lt_u (local.get $groupKey) (local.get $end_))
                                                (i32.le_u
                                                  (local.get $groupKey)
                                                  (i32.add (local.get $blockRow) (i32.const 5))))))
                                          (select
                                            (f32x4.extract_lane 2 (local.get $score10))
                                            (f32.const -1e30)
                                            (i32.and
                                              (i32.lt_u (local.get $groupKey) (local.get $end_))
                                              (i32.le_u
                                                (local.get $groupKey)
                                                (i32.add (local.get $blockRow) (i32.const 6))))))
                                        (select
                                          (f32x4.extract_lane 3 (local.get $score10))
                                          (f32.const -1e30)
                                          (i32.and
                                            (i32.lt_u (local.get $groupKey) (local.get $end_))
                                            (i32.le_u
                                              (local.get $groupKey)
                                              (i32.add (local.get $blockRow) (i32.const 7)))))))
                                    (local.set $score11
                                      (f32x4.replace_lane 3
                                        (f32x4.replace_lane 2
                                          (f32x4.replace_lane 1
                                            (f32x4.splat
                                              (select
                                                (f32x4.extract_lane 0 (local.get $score11))
                                                (f32.const -1e30)
                                                (i32.and
                                                  (i32.lt_u
                                                    (i32.add (local.get $groupKey) (i32.const 1))
                                                    (local.get $end_))
                                                  (i32.le_u
                                                    (i32.add (local.get $groupKey) (i32.const 1))
                                                    (i32.add (local.get $blockRow) (i32.const 4))))))
                                            (select
                                              (f32x4.extract_lane 1 (local.get $score11))
                                              (f32.const -1e30)
                                              (i32.and
                                                (i32.lt_u
                                                  (i32.add (local.get $groupKey) (i32.const 1))
                                                  (local.get $end_))
                                                (i32.le_u
                                                  (i32.add (local.get $groupKey) (i32.const 1))
                                                  (i32.add (local.get $blockRow) (i32.const 5))))))
                                          (select
                                            (f32x4.extract_lane 2 (local.get $score11))
                                            (f32.const -1e30)
                                            (i32.and
                                              (i32.lt_u
                                                (i32.add (local.get $groupKey) (i32.const 1))
                                                (local.get $end_))
                                              (i32.le_u
                                                (i32.add (local.get $groupKey) (i32.const 1))
                                                (i32.add (local.get $blockRow) (i32.const 6))))))
                                        (select
                                          (f32x4.extract_lane 3 (local.get $score11))
                                          (f32.const -1e30)
                                          (i32.and
                                            (i32.lt_u
                                              (i32.add (local.get $groupKey) (i32.const 1))
                                              (local.get $end_))
                                            (i32.le_u
                                              (i32.add (local.get $groupKey) (i32.const 1))
                                              (i32.add (local.get $blockRow) (i32.const 7)))))))
                                    (local.set $score12
                                      (f32x4.replace_lane 3
                                        (f32x4.replace_lane 2
                                          (f32x4.replace_lane 1
                                            (f32x4.splat
                                              (select
                                                (f32x4.extract_lane 0 (local.get $score12))
                                                (f32.const -1e30)
                                                (i32.and
                                                  (i32.lt_u
                                                    (i32.add (local.get $groupKey) (i32.const 2))
                                                    (local.get $end_))
                                                  (i32.le_u
                                                    (i32.add (local.get $groupKey) (i32.const 2))
                                                    (i32.add (local.get $blockRow) (i32.const 4))))))
                                            (select
                                              (f32x4.extract_lane 1 (local.get $score12))
                                              (f32.const -1e30)
                                              (i32.and
                                                (i32.lt_u
                                                  (i32.add (local.get $groupKey) (i32.const 2))
                                                  (local.get $end_))
                                                (i32.le_u
                                                  (i32.add (local.get $groupKey) (i32.const 2))
                                                  (i32.add (local.get $blockRow) (i32.const 5))))))
                                          (select
                                            (f32x4.extract_lane 2 (local.get $score12))
                                            (f32.const -1e30)
                                            (i32.and
                                              (i32.lt_u
                                                (i32.add (local.get $groupKey) (i32.const 2))
                                                (local.get $end_))
                                              (i32.le_u
                                                (i32.add (local.get $groupKey) (i32.const 2))
                                                (i32.add (local.get $blockRow) (i32.const 6))))))
                                        (select
                                          (f32x4.extract_lane 3 (local.get $score12))
                                          (f32.const -1e30)
                                          (i32.and
                                            (i32.lt_u
                                              (i32.add (local.get $groupKey) (i32.const 2))
                                              (local.get $end_))
                                            (i32.le_u
                                              (i32.add (local.get $groupKey) (i32.const 2))
                                              (i32.add (local.get $blockRow) (i32.const 7)))))))
                                    (local.set $score13
                                      (f32x4.replace_lane 3
                                        (f32x4.replace_lane 2
                                          (f32x4.replace_lane 1
                                            (f32x4.splat
                                              (select
                                                (f32x4.extract_lane 0 (local.get $score13))
                                                (f32.const -1e30)
                                                (i32.and
                                                  (i32.lt_u
                                                    (i32.add (local.get $groupKey) (i32.const 3))
                                                    (local.get $end_))
                                                  (i32.le_u
                                                    (i32.add (local.get $groupKey) (i32.const 3))
                                                    (i32.add (local.get $blockRow) (i32.const 4))))))
                                            (select
                                              (f32x4.extract_lane 1 (local.get $score13))
                                              (f32.const -1e30)
                                              (i32.and
                                                (i32.lt_u
                                                  (i32.add (local.get $groupKey) (i32.const 3))
                                                  (local.get $end_))
                                                (i32.le_u
                                                  (i32.add (local.get $groupKey) (i32.const 3))
                                                  (i32.add (local.get $blockRow) (i32.const 5))))))
                                          (select
                                            (f32x4.extract_lane 2 (local.get $score13))
                                            (f32.const -1e30)
                                            (i32.and
                                              (i32.lt_u
                                                (i32.add (local.get $groupKey) (i32.const 3))
                                                (local.get $end_))
                                              (i32.le_u
                                                (i32.add (local.get $groupKey) (i32.const 3))
                                                (i32.add (local.get $blockRow) (i32.const 6))))))
                                        (select
                                          (f32x4.extract_lane 3 (local.get $score13))
                                          (f32.const -1e30)
                                          (i32.and
                                            (i32.lt_u
                                              (i32.add (local.get $groupKey) (i32.const 3))
                                              (local.get $end_))
                                            (i32.le_u
                                              (i32.add (local.get $groupKey) (i32.const 3))
                                              (i32.add (local.get $blockRow) (i32.const 7)))))))))
                                (v128.store offset=98560
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (i32.mul (local.get $fourKeys) (i32.const 8)) (i32.const 2)))
                                  (local.get $score00))
                                (v128.store offset=98592
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (i32.mul (local.get $fourKeys) (i32.const 8)) (i32.const 2)))
                                  (local.get $score01))
                                (v128.store offset=98624
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (i32.mul (local.get $fourKeys) (i32.const 8)) (i32.const 2)))
                                  (local.get $score02))
                                (v128.store offset=98656
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (i32.mul (local.get $fourKeys) (i32.const 8)) (i32.const 2)))
                                  (local.get $score03))
                                (v128.store offset=98576
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (i32.mul (local.get $fourKeys) (i32.const 8)) (i32.const 2)))
                                  (local.get $score10))
                                (v128.store offset=98608
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (i32.mul (local.get $fourKeys) (i32.const 8)) (i32.const 2)))
                                  (local.get $score11))
                                (v128.store offset=98640
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (i32.mul (local.get $fourKeys) (i32.const 8)) (i32.const 2)))
                                  (local.get $score12))
                                (v128.store offset=98672
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (i32.mul (local.get $fourKeys) (i32.const 8)) (i32.const 2)))
                                  (local.get $score13))
                                (local.set $top0
                                  (f32x4.pmax
                                    (local.get $top0)
                                    (f32x4.pmax
                                      (f32x4.pmax (local.get $score00) (local.get $score01))
                                      (f32x4.pmax (local.get $score02) (local.get $score03)))))
                                (local.set $top1
                                  (f32x4.pmax
                                    (local.get $top1)
                                    (f32x4.pmax
                                      (f32x4.pmax (local.get $score10) (local.get $score11))
                                      (f32x4.pmax (local.get $score12) (local.get $score13)))))
                                (br_if $fourKeys
                                  (i32.lt_u
                                    (local.tee $fourKeys (i32.add (local.get $fourKeys) (i32.const 4)))
                                    (local.get $fourKeys.end))))))
                          (local.set $shrink0
                            (call $exp2_vec4f
                              (f32x4.sub
                                (v128.load offset=102656
                                  (i32.add (local.get $scratch) (i32.shl (local.get $block) (i32.const 2))))
                                (local.get $top0))))
                          (v128.store offset=102656
                            (i32.add (local.get $scratch) (i32.shl (local.get $block) (i32.const 2)))
                            (local.get $top0))
                          (local.set $shrink1
                            (call $exp2_vec4f
                              (f32x4.sub
                                (v128.load offset=102672
                                  (i32.add (local.get $scratch) (i32.shl (local.get $block) (i32.const 2))))
                                (local.get $top1))))
                          (v128.store offset=102672
                            (i32.add (local.get $scratch) (i32.shl (local.get $block) (i32.const 2)))
                            (local.get $top1))
                          (local.set $total0
                            (f32x4.mul
                              (v128.load offset=98304
                                (i32.add (local.get $scratch) (i32.shl (local.get $block) (i32.const 2))))
                              (local.get $shrink0)))
                          (local.set $total1
                            (f32x4.mul
                              (v128.load offset=98320
                                (i32.add (local.get $scratch) (i32.shl (local.get $block) (i32.const 2))))
                              (local.get $shrink1)))
                          (local.set $pair (i32.const 0))
                          (local.set $pair.end (i32.mul (local.get $blockKeys) (i32.const 8)))
                          (if
                            (i32.lt_u (local.get $pair) (local.get $pair.end))
                            (then
                              (local.set $pair.at0
                                (i32.add (local.get $scratch) (i32.shl (local.get $pair) (i32.const 2))))
                              (loop $pair
                                (local.set $weight0
                                  (block (result v128)
                                    (local.set $exp2_vec4f.x
                                      (f32x4.sub
                                        (v128.load offset=98560 (local.get $pair.at0))
                                        (local.get $top0)))
                                    (local.set $exp2_vec4f.bounded
                                      (f32x4.pmin
                                        (v128.const f32x4 127.99999 127.99999 127.99999 127.99999)
                                        (f32x4.pmax
                                          (v128.const f32x4 -127.0 -127.0 -127.0 -127.0)
                                          (local.get $exp2_vec4f.x))))
                                    (local.set $exp2_vec4f.n (f32x4.floor (local.get $exp2_vec4f.bounded)))
                                    (local.set $exp2_vec4f.r
                                      (f32x4.sub (local.get $exp2_vec4f.bounded) (local.get $exp2_vec4f.n)))
                                    (local.set $exp2_vec4f.scale
                                      (i32x4.shl
                                        (f32x4.add
                                          (local.get $exp2_vec4f.n)
                                          (v128.const f32x4 12583039.0 12583039.0 12583039.0 12583039.0))
                                        (i32.const 23)))
                                    (f32x4.mul
                                      (local.get $exp2_vec4f.scale)
                                      (f32x4.relaxed_madd
                                        (local.get $exp2_vec4f.r)
                                        (f32x4.relaxed_madd
                                          (local.get $exp2_vec4f.r)
                                          (f32x4.relaxed_madd
                                            (local.get $exp2_vec4f.r)
                                            (f32x4.relaxed_madd
                                              (local.get $exp2_vec4f.r)
                                              (f32x4.relaxed_madd
                                                (local.get $exp2_vec4f.r)
                                                (f32x4.relaxed_madd
                                                  (local.get $exp2_vec4f.r)
                                                  (v128.const f32x4 2.1612918e-4 2.1612918e-4 2.1612918e-4 2.1612918e-4)
                                                  (v128.const f32x4 0.0012467846 0.0012467846 0.0012467846 0.0012467846))
                                                (v128.const f32x4 0.009675452 0.009675452 0.009675452 0.009675452))
                                              (v128.const f32x4 0.055485282 0.055485282 0.055485282 0.055485282))
                                            (v128.const f32x4 0.24022931 0.24022931 0.24022931 0.24022931))
                                          (v128.const f32x4 0.69314706 0.69314706 0.69314706 0.69314706))
                                        (v128.const f32x4 1.0 1.0 1.0 1.0)))))
                                (v128.store offset=98560 (local.get $pair.at0) (local.get $weight0))
                                (local.set $total0 (f32x4.add (local.get $total0) (local.get $weight0)))
                                (local.set $weight1
                                  (block (result v128)
                                    (local.set $exp2_vec4f.x
                                      (f32x4.sub
                                        (v128.load offset=98576 (local.get $pair.at0))
                                        (local.get $top1)))
                                    (local.set $exp2_vec4f.bounded
                                      (f32x4.pmin
                                        (v128.const f32x4 127.99999 127.99999 127.99999 127.99999)
                                        (f32x4.pmax
                                          (v128.const f32x4 -127.0 -127.0 -127.0 -127.0)
                                          (local.get $exp2_vec4f.x))))
                                    (local.set $exp2_vec4f.n (f32x4.floor (local.get $exp2_vec4f.bounded)))
                                    (local.set $exp2_vec4f.r
                                      (f32x4.sub (local.get $exp2_vec4f.bounded) (local.get $exp2_vec4f.n)))
                                    (local.set $exp2_vec4f.scale
                                      (i32x4.shl
                                        (f32x4.add
                                          (local.get $exp2_vec4f.n)
                                          (v128.const f32x4 12583039.0 12583039.0 12583039.0 12583039.0))
                                        (i32.const 23)))
                                    (f32x4.mul
                                      (local.get $exp2_vec4f.scale)
                                      (f32x4.relaxed_madd
                                        (local.get $exp2_vec4f.r)
                                        (f32x4.relaxed_madd
                                          (local.get $exp2_vec4f.r)
                                          (f32x4.relaxed_madd
                                            (local.get $exp2_vec4f.r)
                                            (f32x4.relaxed_madd
                                              (local.get $exp2_vec4f.r)
                                              (f32x4.relaxed_madd
                                                (local.get $exp2_vec4f.r)
                                                (f32x4.relaxed_madd
                                                  (local.get $exp2_vec4f.r)
                                                  (v128.const f32x4 2.1612918e-4 2.1612918e-4 2.1612918e-4 2.1612918e-4)
                                                  (v128.const f32x4 0.0012467846 0.0012467846 0.0012467846 0.0012467846))
                                                (v128.const f32x4 0.009675452 0.009675452 0.009675452 0.009675452))
                                              (v128.const f32x4 0.055485282 0.055485282 0.055485282 0.055485282))
                                            (v128.const f32x4 0.24022931 0.24022931 0.24022931 0.24022931))
                                          (v128.const f32x4 0.69314706 0.69314706 0.69314706 0.69314706))
                                        (v128.const f32x4 1.0 1.0 1.0 1.0)))))
                                (v128.store offset=98576 (local.get $pair.at0) (local.get $weight1))
                                (local.set $total1 (f32x4.add (local.get $total1) (local.get $weight1)))
                                (local.set $pair.at0 (i32.add (local.get $pair.at0) (i32.const 32)))
                                (br_if $pair
                                  (i32.lt_u
                                    (local.tee $pair (i32.add (local.get $pair) (i32.const 8)))
                                    (local.get $pair.end))))))
                          (v128.store offset=98304
                            (i32.add (local.get $scratch) (i32.shl (local.get $block) (i32.const 2)))
                            (local.get $total0))
                          (v128.store offset=98320
                            (i32.add (local.get $scratch) (i32.shl (local.get $block) (i32.const 2)))
                            (local.get $total1))
                          (local.set $shrink00 (f32x4.splat (f32x4.extract_lane 0 (local.get $shrink0))))
                          (local.set $shrink01 (f32x4.splat (f32x4.extract_lane 1 (local.get $shrink0))))
                          (local.set $shrink02 (f32x4.splat (f32x4.extract_lane 2 (local.get $shrink0))))
                          (local.set $shrink03 (f32x4.splat (f32x4.extract_lane 3 (local.get $shrink0))))
                          (local.set $shrink10 (f32x4.splat (f32x4.extract_lane 0 (local.get $shrink1))))
                          (local.set $shrink11 (f32x4.splat (f32x4.extract_lane 1 (local.get $shrink1))))
                          (local.set $shrink12 (f32x4.splat (f32x4.extract_lane 2 (local.get $shrink1))))
                          (local.set $shrink13 (f32x4.splat (f32x4.extract_lane 3 (local.get $shrink1))))
                          (local.set $column (i32.const 0))
                          (loop $column
                            (local.set $sumStart0
                              (i32.add (i32.mul (local.get $block) (i32.const 64)) (local.get $column)))
                            (local.set $add0_sum00
                              (f32x4.mul
                                (v128.load offset=81920
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (local.get $sumStart0) (i32.const 2))))
                                (local.get $shrink00)))
                            (local.set $add0_sum01
                              (f32x4.mul
                                (v128.load offset=81936
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (local.get $sumStart0) (i32.const 2))))
                                (local.get $shrink00)))
                            (local.set $add0_sum10
                              (f32x4.mul
                                (v128.load offset=82176
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (local.get $sumStart0) (i32.const 2))))
                                (local.get $shrink01)))
                            (local.set $add0_sum11
                              (f32x4.mul
                                (v128.load offset=82192
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (local.get $sumStart0) (i32.const 2))))
                                (local.get $shrink01)))
                            (local.set $add0_sum20
                              (f32x4.mul
                                (v128.load offset=82432
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (local.get $sumStart0) (i32.const 2))))
                                (local.get $shrink02)))
                            (local.set $add0_sum21
                              (f32x4.mul
                                (v128.load offset=82448
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (local.get $sumStart0) (i32.const 2))))
                                (local.get $shrink02)))
                            (local.set $add0_sum30
                              (f32x4.mul
                                (v128.load offset=82688
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (local.get $sumStart0) (i32.const 2))))
                                (local.get $shrink03)))
                            (local.set $add0_sum31
                              (f32x4.mul
                                (v128.load offset=82704
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (local.get $sumStart0) (i32.const 2))))
                                (local.get $shrink03)))
                            (local.set $add0_t (i32.const 0))
                            (local.set $add0_t.end (i32.mul (local.get $blockKeys) (i32.const 8)))
                            (if
                              (i32.lt_u (local.get $add0_t) (local.get $add0_t.end))
                              (then
                                (local.set $add0_t.at0
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl
                                      (i32.add
                                        (i32.mul (local.get $column) (i32.const 128))
                                        (local.get $add0_t))
                                      (i32.const 2))))
                                (local.set $add0_t.at1
                                  (i32.add (local.get $scratch) (i32.shl (local.get $add0_t) (i32.const 2))))
                                (loop $add0_t
                                  (local.set $add0_tVector0 (v128.load offset=49152 (local.get $add0_t.at0)))
                                  (local.set $add0_tVector1 (v128.load offset=49168 (local.get $add0_t.at0)))
                                  (local.set $add0_tRow0
                                    (v128.load32_splat offset=98560 (local.get $add0_t.at1)))
                                  (local.set $add0_sum00
                                    (f32x4.relaxed_madd
                                      (local.get $add0_tRow0)
                                      (local.get $add0_tVector0)
                                      (local.get $add0_sum00)))
                                  (local.set $add0_sum01
                                    (f32x4.relaxed_madd
                                      (local.get $add0_tRow0)
                                      (local.get $add0_tVector1)
                                      (local.get $add0_sum01)))
                                  (local.set $add0_tRow1
                                    (v128.load32_splat offset=98564 (local.get $add0_t.at1)))
                                  (local.set $add0_sum10
                                    (f32x4.relaxed_madd
                                      (local.get $add0_tRow1)
                                      (local.get $add0_tVector0)
                                      (local.get $add0_sum10)))
                                  (local.set $add0_sum11
                                    (f32x4.relaxed_madd
                                      (local.get $add0_tRow1)
                                      (local.get $add0_tVector1)
                                      (local.get $add0_sum11)))
                                  (local.set $add0_tRow2
                                    (v128.load32_splat offset=98568 (local.get $add0_t.at1)))
                                  (local.set $add0_sum20
                                    (f32x4.relaxed_madd
                                      (local.get $add0_tRow2)
                                      (local.get $add0_tVector0)
                                      (local.get $add0_sum20)))
                                  (local.set $add0_sum21
                                    (f32x4.relaxed_madd
                                      (local.get $add0_tRow2)
                                      (local.get $add0_tVector1)
                                      (local.get $add0_sum21)))
                                  (local.set $add0_tRow3
                                    (v128.load32_splat offset=98572 (local.get $add0_t.at1)))
                                  (local.set $add0_sum30
                                    (f32x4.relaxed_madd
                                      (local.get $add0_tRow3)
                                      (local.get $add0_tVector0)
                                      (local.get $add0_sum30)))
                                  (local.set $add0_sum31
                                    (f32x4.relaxed_madd
                                      (local.get $add0_tRow3)
                                      (local.get $add0_tVector1)
                                      (local.get $add0_sum31)))
                                  (local.set $add0_t.at0 (i32.add (local.get $add0_t.at0) (i32.const 32)))
                                  (local.set $add0_t.at1 (i32.add (local.get $add0_t.at1) (i32.const 32)))
                                  (br_if $add0_t
                                    (i32.lt_u
                                      (local.tee $add0_t (i32.add (local.get $add0_t) (i32.const 8)))
                                      (local.get $add0_t.end))))))
                            (v128.store offset=81920
                              (i32.add (local.get $scratch) (i32.shl (local.get $sumStart0) (i32.const 2)))
                              (local.get $add0_sum00))
                            (v128.store offset=81936
                              (i32.add (local.get $scratch) (i32.shl (local.get $sumStart0) (i32.const 2)))
                              (local.get $add0_sum01))
                            (v128.store offset=82176
                              (i32.add (local.get $scratch) (i32.shl (local.get $sumStart0) (i32.const 2)))
                              (local.get $add0_sum10))
                            (v128.store offset=82192
                              (i32.add (local.get $scratch) (i32.shl (local.get $sumStart0) (i32.const 2)))
                              (local.get $add0_sum11))
                            (v128.store offset=82432
                              (i32.add (local.get $scratch) (i32.shl (local.get $sumStart0) (i32.const 2)))
                              (local.get $add0_sum20))
                            (v128.store offset=82448
                              (i32.add (local.get $scratch) (i32.shl (local.get $sumStart0) (i32.const 2)))
                              (local.get $add0_sum21))
                            (v128.store offset=82688
                              (i32.add (local.get $scratch) (i32.shl (local.get $sumStart0) (i32.const 2)))
                              (local.get $add0_sum30))
                            (v128.store offset=82704
                              (i32.add (local.get $scratch) (i32.shl (local.get $sumStart0) (i32.const 2)))
                              (local.get $add0_sum31))
                            (if
                              (i32.gt_u (local.get $rows) (i32.add (local.get $block) (i32.const 4)))
                              (then
                                (local.set $sumStart1
                                  (i32.add
                                    (i32.mul (i32.add (local.get $block) (i32.const 4)) (i32.const 64))
                                    (local.get $column)))
                                (local.set $add1_sum00
                                  (f32x4.mul
                                    (v128.load offset=81920
                                      (i32.add
                                        (local.get $scratch)
                                        (i32.shl (local.get $sumStart1) (i32.const 2))))
                                    (local.get $shrink10)))
                                (local.set $add1_sum01
                                  (f32x4.mul
                                    (v128.load offset=81936
                                      (i32.add
                                        (local.get $scratch)
                                        (i32.shl (local.get $sumStart1) (i32.const 2))))
                                    (local.get $shrink10)))
                                (local.set $add1_sum10
                                  (f32x4.mul
                                    (v128.load offset=82176
                                      (i32.add
                                        (local.get $scratch)
                                        (i32.shl (local.get $sumStart1) (i32.const 2))))
                                    (local.get $shrink11)))
                                (local.set $add1_sum11
                                  (f32x4.mul
                                    (v128.load offset=82192
                                      (i32.add
                                        (local.get $scratch)
                                        (i32.shl (local.get $sumStart1) (i32.const 2))))
                                    (local.get $shrink11)))
                                (local.set $add1_sum20
                                  (f32x4.mul
                                    (v128.load offset=82432
                                      (i32.add
                                        (local.get $scratch)
                                        (i32.shl (local.get $sumStart1) (i32.const 2))))
                                    (local.get $shrink12)))
                                (local.set $add1_sum21
                                  (f32x4.mul
                                    (v128.load offset=82448
                                      (i32.add
                                        (local.get $scratch)
                                        (i32.shl (local.get $sumStart1) (i32.const 2))))
                                    (local.get $shrink12)))
                                (local.set $add1_sum30
                                  (f32x4.mul
                                    (v128.load offset=82688
                                      (i32.add
                                        (local.get $scratch)
                                        (i32.shl (local.get $sumStart1) (i32.const 2))))
                                    (local.get $shrink13)))
                                (local.set $add1_sum31
                                  (f32x4.mul
                                    (v128.load offset=82704
                                      (i32.add
                                        (local.get $scratch)
                                        (i32.shl (local.get $sumStart1) (i32.const 2))))
                                    (local.get $shrink13)))
                                (local.set $add1_t (i32.const 0))
                                (local.set $add1_t.end (i32.mul (local.get $blockKeys) (i32.const 8)))
                                (if
                                  (i32.lt_u (local.get $add1_t) (local.get $add1_t.end))
                                  (then
                                    (local.set $add1_t.at0
                                      (i32.add
                                        (local.get $scratch)
                                        (i32.shl
                                          (i32.add
                                            (i32.mul (local.get $column) (i32.const 128))
                                            (local.get $add1_t))
                                          (i32.const 2))))
                                    (local.set $add1_t.at1
                                      (i32.add
                                        (local.get $scratch)
                                        (i32.shl (local.get $add1_t) (i32.const 2))))
                                    (loop $add1_t
                                      (local.set $add1_tVector0
                                        (v128.load offset=49152 (local.get $add1_t.at0)))
                                      (local.set $add1_tVector1
                                        (v128.load offset=49168 (local.get $add1_t.at0)))
                                      (local.set $add1_tRow0
                                        (v128.load32_splat offset=98576 (local.get $add1_t.at1)))
                                      (local.set $add1_sum00
                                        (f32x4.relaxed_madd
                                          (local.get $add1_tRow0)
                                          (local.get $add1_tVector0)
                                          (local.get $add1_sum00)))
                                      (local.set $add1_sum01
                                        (f32x4.relaxed_madd
                                          (local.get $add1_tRow0)
                                          (local.get $add1_tVector1)
                                          (local.get $add1_sum01)))
                                      (local.set $add1_tRow1
                                        (v128.load32_splat offset=98580 (local.get $add1_t.at1)))
                                      (local.set $add1_sum10
                                        (f32x4.relaxed_madd
                                          (local.get $add1_tRow1)
                                          (local.get $add1_tVector0)
                                          (local.get $add1_sum10)))
                                      (local.set $add1_sum11
                                        (f32x4.relaxed_madd
                                          (local.get $add1_tRow1)
                                          (local.get $add1_tVector1)
                                          (local.get $add1_sum11)))
                                      (local.set $add1_tRow2
                                        (v128.load32_splat offset=98584 (local.get $add1_t.at1)))
                                      (local.set $add1_sum20
                                        (f32x4.relaxed_madd
                                          (local.get $add1_tRow2)
                                          (local.get $add1_tVector0)
                                          (local.get $add1_sum20)))
                                      (local.set $add1_sum21
                                        (f32x4.relaxed_madd
                                          (local.get $add1_tRow2)
                                          (local.get $add1_tVector1)
                                          (local.get $add1_sum21)))
                                      (local.set $add1_tRow3
                                        (v128.load32_splat offset=98588 (local.get $add1_t.at1)))
                                      (local.set $add1_sum30
                                        (f32x4.relaxed_madd
                                          (local.get $add1_tRow3)
                                          (local.get $add1_tVector0)
                                          (local.get $add1_sum30)))
                                      (local.set $add1_sum31
                                        (f32x4.relaxed_madd
                                          (local.get $add1_tRow3)
                                          (local.get $add1_tVector1)
                                          (local.get $add1_sum31)))
                                      (local.set $add1_t.at0 (i32.add (local.get $add1_t.at0) (i32.const 32)))
                                      (local.set $add1_t.at1 (i32.add (local.get $add1_t.at1) (i32.const 32)))
                                      (br_if $add1_t
                                        (i32.lt_u
                                          (local.tee $add1_t (i32.add (local.get $add1_t) (i32.const 8)))
                                          (local.get $add1_t.end))))))
                                (v128.store offset=81920
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (local.get $sumStart1) (i32.const 2)))
                                  (local.get $add1_sum00))
                                (v128.store offset=81936
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (local.get $sumStart1) (i32.const 2)))
                                  (local.get $add1_sum01))
                                (v128.store offset=82176
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (local.get $sumStart1) (i32.const 2)))
                                  (local.get $add1_sum10))
                                (v128.store offset=82192
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (local.get $sumStart1) (i32.const 2)))
                                  (local.get $add1_sum11))
                                (v128.store offset=82432
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (local.get $sumStart1) (i32.const 2)))
                                  (local.get $add1_sum20))
                                (v128.store offset=82448
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (local.get $sumStart1) (i32.const 2)))
                                  (local.get $add1_sum21))
                                (v128.store offset=82688
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (local.get $sumStart1) (i32.const 2)))
                                  (local.get $add1_sum30))
                                (v128.store offset=82704
                                  (i32.add
                                    (local.get $scratch)
                                    (i32.shl (local.get $sumStart1) (i32.const 2)))
                                  (local.get $add1_sum31))))
                            (br_if $column
                              (i32.lt_u
                                (local.tee $column (i32.add (local.get $column) (i32.const 8)))
                                (i32.const 64))))))
                      (br_if $block
                        (i32.lt_u
                          (local.tee $block (i32.add (local.get $block) (i32.const 8)))
                          (local.get $block.end))))))
                (br_if $from
                  (i32.lt_u
                    (local.tee $from (i32.add (local.get $from) (i32.const 128)))
                    (local.get $from.end))))))
          (local.set $row (i32.const 0))
          (local.set $row.end (local.get $rows))
          (if
            (i32.lt_u (local.get $row) (local.get $row.end))
            (then
              (loop $row
                (local.set $number (i32.add (local.get $firstRow) (local.get $row)))
                (local.set $outStart
                  (i32.add
                    (i32.mul (i32.mul (local.get $queryHead) (local.get $shape.length)) (i32.const 64))
                    (i32.mul (local.get $number) (i32.const 64))))
                (local.set $factor
                  (select
                    (f32.const 0.0)
                    (f32.div
                      (f32.const 1.0)
                      (select
                        (f32.const 1.0)
                        (f32.load offset=98304
                          (i32.add (local.get $scratch) (i32.shl (local.get $row) (i32.const 2))))
                        (f32.eq
                          (f32.load offset=98304
                            (i32.add (local.get $scratch) (i32.shl (local.get $row) (i32.const 2))))
                          (f32.const 0.0))))
                    (f32.eq
                      (f32.load offset=98304
                        (i32.add (local.get $scratch) (i32.shl (local.get $row) (i32.const 2))))
                      (f32.const 0.0))))
                (local.set $sumStart (i32.mul (local.get $row) (i32.const 64)))
                (local.set $column (i32.const 0))
                (local.set $column.at0
                  (i32.add
                    (local.get $scratch)
                    (i32.shl (i32.add (local.get $sumStart) (local.get $column)) (i32.const 2))))
                (local.set $column.at1
                  (i32.add
                    (local.get $out)
                    (i32.shl (i32.add (local.get $outStart) (local.get $column)) (i32.const 2))))
                (loop $column
                  (v128.store
                    (local.get $column.at1)
                    (f32x4.mul
                      (v128.load offset=81920 (local.get $column.at0))
                      (f32x4.splat (local.get $factor))))
                  (local.set $column.at0 (i32.add (local.get $column.at0) (i32.const 16)))
                  (local.set $column.at1 (i32.add (local.get $column.at1) (i32.const 16)))
                  (br_if $column
                    (i32.lt_u (local.tee $column (i32.add (local.get $column) (i32.const 4))) (i32.const 64))))
                (br_if $row
                  (i32.lt_u (local.tee $row (i32.add (local.get $row) (i32.const 1))) (local.get $row.end))))))
          (br_if $workgroup
            (i32.lt_u (local.tee $workgroup (i32.add (local.get $workgroup) (i32.const 1))) (local.get $end))))))))
