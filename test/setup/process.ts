// In every test process: two of them share two processors with the devices that those play.
import { waitWithoutSpinning } from '../../compiler/cli/waiting.ts'

waitWithoutSpinning()
