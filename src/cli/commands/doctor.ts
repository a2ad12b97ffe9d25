import { diagnose, ERRORS, SftError, type Finding } from '../../index.ts'
import { tellFailure, type PeerOptions } from '../context.ts'
import { onTermination } from '../termination.ts'
import { escapeText } from '../escape.ts'
import { Output } from '../output.ts'
import { LiveLines } from '../progress.ts'

const MARKS: Record<Finding['status'], string> = { ok: 'ok', warning: '! ', problem: '!!', skipped: '--' }

/** `sft doctor [PEER]`: finds out why two machines do not talk; the exit status is that of the first problem. */
export async function doctor(peer: string | undefined, options: Omit<PeerOptions, 'muxer'>): Promise<number> {
  const output = new Output(options.json === true, options)
  const interrupted = new AbortController()
  let exitOnSignal: number | undefined
  onTermination((exit) => {
    exitOnSignal = exit
    interrupted.abort(new SftError('ERR_ABORTED', 'interrupted'))
  })
  const { addr, discovery = true, lanOnly = false } = options
  const { signal } = interrupted
  const status = new LiveLines(output.progress)
  const wait = (): void => void (output.json || status.show(['looking further']))
  let exit = 0
  try {
    if (addr && peer === undefined) throw new SftError('ERR_USAGE', '--addr says where PEER is; name the peer too')
    wait()
    const findings = diagnose({
      signal,
      discovery,
      lanOnly,
      ...(peer !== undefined && { peer }),
      ...(addr && { addresses: addr }),
    })
    for await (const finding of findings) {
      status.clear()
      print(output, finding)
      if (exit === 0 && finding.status === 'problem') exit = ERRORS[finding.code ?? 'ERR_INTERNAL'].exit
      wait()
    }
    return exit
  } catch (error) {
    return tellFailure(error, output, exitOnSignal, 'interrupted')
  } finally {
    status.clear()
  }
}

function print(output: Output, finding: Finding): void {
  output.object('check', { ...finding })
  output.line(`${MARKS[finding.status]}  ${escapeText(finding.found)}`)
  if (finding.advice !== undefined) output.line(`    ${escapeText(finding.advice)}`)
}
