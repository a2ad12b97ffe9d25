import { renderUnicodeCompact } from 'uqr'
import { shortId, type PairingEvent } from '../index.ts'
import { escapeText } from './escape.ts'
import { formatClock } from './format.ts'
import type { Output } from './output.ts'

type EventOf<T extends PairingEvent['type']> = Extract<PairingEvent, { type: T }>

/** Prints a code that is shown from now on, with a QR code if that was asked for. */
export function printCode(output: Output, { code, expires, askedBy }: EventOf<'code'>, qr: boolean): void {
  output.object('code', { time: new Date(), code, expires, askedBy })
  if (!output.quiet) announceCode(output, askedBy)
  output.line(output.quiet ? code : `  ${code}`)
  if (qr) output.line(renderUnicodeCompact(code))
}

function announceCode(output: Output, askedBy: string | null): void {
  output.line('')
  if (askedBy === null) {
    output.line('The first time it asks for this code (good for 3 minutes, for one try):')
  } else {
    output.line(`A machine that is not paired, ${shortId(askedBy)}, asks to come in.`)
    output.line('If it is yours, type this code there (good for 3 minutes, for one try):')
  }
}

/** Prints how a code or a pairing ended. */
export function describePairing(
  output: Output,
  event: EventOf<'codeEnded'> | EventOf<'paired'> | EventOf<'pairingFailed'>,
): void {
  const time = new Date()
  const { type, peerId } = event
  const who = peerId === null ? '' : shortId(peerId)
  switch (type) {
    case 'codeEnded':
      output.object('codeEnded', { time, reason: event.reason, peerId })
      output.talk(
        event.reason === 'expired'
          ? `${formatClock(time)}  the code is too old now; a machine that asks gets a new one`
          : `${formatClock(time)}  ${who}  a wrong code was typed, or somebody stands in between; the next try gets a new code`,
      )
      return
    case 'paired':
      output.object('paired', { time, name: event.name, peerId })
      output.talk(`${formatClock(time)}  ${who}  paired as "${event.name}"; "sft peers" and "sft grant" manage it`)
      return
    case 'pairingFailed':
      output.object('pairingFailed', { time, peerId, code: event.error.code })
      output.talk(`${formatClock(time)}  ${who}  could not be paired: ${escapeText(event.error.message)}`)
  }
}
