/** What processes cost, as Linux counts it in /proc. */
import { readFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100 // for programs the same on every Linux
const PAGE = 4096

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // the process has ended
  }
}

/** Processor seconds of a process and of all its descendants that have ended. */
export function cpuSeconds(pid: number): number {
  const stat = read(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // the name before it may hold anything
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND
}

export function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)
}

/** Resident bytes of a process and of all its descendants; memory that several of them share counts for each. */
export function residentBytes(pid: number): number {
  const [, pages = 0] = read(`/proc/${pid}/statm`).split(' ')
  return childrenOf(pid).reduce((sum, child) => sum + residentBytes(child), Number(pages) * PAGE)
}

/** Processor seconds that the whole machine worked since it started, and those that other machines took from it. */
export function machineSeconds(): number {
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = read('/proc/stat').split(/\s+/)
  const ticks = [user, nice, system, irq, softirq, steal].reduce<number>((sum, part) => sum + Number(part), 0)
  return ticks / TICKS_PER_SECOND
}
