/** As in bin/sft.js: where the system knows no home of this user, one that is not there. */
import { homedir } from 'node:os'

try {
  homedir()
} catch {
  process.env['HOME'] = '/nonexistent'
}
