/** What a run of the bench is asked to do, and what a program needs to take part. */

/** One thing to measure. */
export interface Task {
  readonly action: 'get' | 'put' | 'ls'
  readonly payload: 'file' | 'tree'
  /** The file or folder to transfer or to list, as an absolute path. */
  readonly source: string
  /** The folders that receive it, empty before a run: one for each client that runs at the same time. */
  readonly into: readonly string[]
  /** Milliseconds that the link between the two ends takes each way. */
  readonly delay: number
}

/** A command that runs from the start of the clock; the clock stops when the last of them has ended. */
export interface Command {
  /** The end whose costs are these: `near` is where a person waits. */
  readonly end: 'near' | 'far'
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** A far end that is ready, and how to use it. */
export interface Setup {
  /** Where it listens on 127.0.0.1; 0 if nothing has to go through a port. */
  readonly port: number
  /** The process whose costs, with its children's, are those of the far end; `null` if a command is the far end. */
  readonly pid: number | null
  /** Returns what to run; `port` is the one to dial, that of the far end or of the long link before it. */
  commands(port: number): readonly Command[]
  stop(): Promise<void>
}

/** A program, with settings, that can do some of the tasks. */
export interface Contender {
  readonly name: string
  does(task: Task): boolean
  /** Starts the far end for one run. */
  setUp(task: Task): Promise<Setup>
}
