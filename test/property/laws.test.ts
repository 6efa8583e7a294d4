// What holds of attentions of any form and on inputs of any size, in one process, since the software devices take
// seconds to compile what all of it runs on.
import './forms.ts'
import './range.ts'
