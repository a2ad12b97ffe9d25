import { FsCalls, type Fault } from './fs-calls.ts'
import { SCENARIOS } from './fs-scenarios.ts'

// Runs SCENARIO in FOLDER in this process, which kills itself before or after the NTH call called CALL; prints how often
// each call was made if it comes to its end.
const [scenario, folder, call, nth, fault] = process.argv.slice(2) as [string, string, string, string, Fault]
const calls = await FsCalls.watch()
calls.begin({ call, nth: Number(nth), fault })
await SCENARIOS.find(({ name }) => name === scenario)?.run(folder)
process.stdout.write(JSON.stringify([...calls.counts()]))
process.exit(0)
