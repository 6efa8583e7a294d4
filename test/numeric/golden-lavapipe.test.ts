// The published implementations' tensors on lavapipe, whose compiler is slow: a file of its own can run beside others.
import { holdToRecordings } from './golden/on-device.ts'

holdToRecordings('lavapipe')
