// The published implementations' tensors, on the device that is always there.
import { holdToRecordings } from './golden/on-device.ts'

holdToRecordings('SwiftShader')
