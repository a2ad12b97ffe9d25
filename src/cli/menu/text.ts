import { createPrompt, isEnterKey, isTabKey, useEffect, useKeypress, useState } from '@inquirer/core'
import { escapeText } from '../escape.ts'
import { cutEnd } from '../width.ts'
import { show, suspendQuestion, type Answer } from './screen.ts'

export interface TextQuestion {
  /** What is asked, escaped; the last line takes what is typed. */
  readonly title: string
  /** What there is to know about it. */
  readonly hint?: string
  /** What stands there at first, to be changed; left out if it holds what a terminal would act on. */
  readonly initial?: string
}

/** Lets a person type one line. */
export async function typeLine(question: TextQuestion, signal?: AbortSignal): Promise<Answer<string>> {
  return show(line, question, signal)
}

const line = createPrompt<Answer<string>, TextQuestion>(({ title, hint = '', initial = '' }, done) => {
  const fit = isPlain(initial) ? initial : ''
  const [value, setValue] = useState('')
  const [, redraw] = useState(0)

  useEffect((reader) => {
    const onClose = (): void => done({ back: 'escape' }) // Ctrl-D, or a terminal that is gone
    reader.on('close', onClose)
    suspendQuestion(reader, title, 1, () => redraw(performance.now()))
    reader.write(fit)
    setValue(fit)
    return () => reader.removeListener('close', onClose)
  }, [])
  useKeypress((key, reader) => {
    if (isEnterKey(key)) {
      done({ chosen: value })
    } else if (key.name === 'escape') {
      done({ back: 'escape' })
    } else if (isTabKey(key)) {
      reader.clearLine(0)
      reader.write(value)
    } else {
      setValue(reader.line)
    }
  })

  const columns = (process.stdout.columns || 80) - 1
  const lines = title.split('\n')
  const asked = [...lines.slice(0, -1).map((text) => cutEnd(text, columns)), `${lines.at(-1) ?? ''} ${shown(value)}`]
  return [asked.join('\n'), cutEnd([hint, 'Enter goes on, Esc goes back'].filter(Boolean).join('; '), columns)]
})

/** Whether a text is shown as it is, and nothing in it is a key when it is written as if it were typed. */
function isPlain(text: string): boolean {
  return escapeText(text.replaceAll('\\', '')) === text.replaceAll('\\', '')
}

/** As wide as what was typed, so that the cursor stays right, but without what a terminal would act on. */
function shown(text: string): string {
  return Array.from(text, (character) => (isPlain(character) ? character : '?'.repeat(character.length))).join('')
}
