import { loadIdentity } from '../../index.ts'
import { Output, type Manner } from '../output.ts'

/** `sft id`: prints the peer ID of this machine. */
export async function id(options: Manner & { json?: boolean }): Promise<number> {
  const output = new Output(options.json === true, options)
  try {
    const { peerId } = await loadIdentity()
    output.line(peerId)
    output.object('id', { peerId })
    return 0
  } catch (error) {
    return output.failure(error)
  }
}
