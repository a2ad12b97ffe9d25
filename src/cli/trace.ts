import type { ConnectEvent, JobEvent } from '../index.ts'
import { escapeText } from './escape.ts'
import type { Output } from './output.ts'

/** Tells with `-v` how a peer is reached, and with `-vv` each request to it. */
export function traceConnection(output: Output, event: ConnectEvent): void {
  const verbosity = event.type === 'request' ? 2 : 1
  if (output.verbosity >= verbosity) output.trace(describe(event), verbosity)
}

/** Describes an attempt to restore a connection. */
export function traceReconnecting({ attempt, wait, error }: Extract<JobEvent, { type: 'reconnecting' }>): string {
  return `connection lost, attempt ${attempt} in ${Math.round(wait)} ms: ${escapeText(error.message)}`
}

function describe(event: ConnectEvent): string {
  switch (event.type) {
    case 'dialling':
      return `trying ${escapeText(event.address)}`
    case 'dialFailed':
      return `${event.error.code} at ${escapeText(event.address)}: ${escapeText(event.error.message)}`
    case 'connected':
      return `connected to ${escapeText(event.address)} (direct)`
    case 'session': {
      const rights = [...event.rights].join(', ')
      return `session opened ${event.paired ? 'under the secret of the pairing' : 'without a pairing'}; rights: ${rights || 'none'}`
    }
    case 'request':
      return describeRequest(event)
  }
}

function describeRequest({ action, milliseconds, error }: Extract<ConnectEvent, { type: 'request' }>): string {
  const path = 'path' in action ? ` ${escapeText(action.path)}` : ''
  const to = action.type === 'rename' ? ` -> ${escapeText(action.to)}` : ''
  const look = action.type === 'get' && action.length === 0 ? ' (only a look)' : ''
  return `${action.type}${path}${to}${look}: ${error ? `${error.code}, ` : ''}${Math.round(milliseconds)} ms`
}
