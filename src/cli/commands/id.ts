import { loadIdentity } from '../../index.ts'
import { Output } from '../output.ts'

/** `sft id`: prints the peer ID of this machine. */
export async function id(options: { json?: boolean }): Promise<number> {
  const output = new Output(options.json === true)
  try {
    const { peerId } = await loadIdentity()
    output.line(peerId)
    output.object('id', { peerId })
    return 0
  } catch (error) {
    return output.failure(error)
  }
}
