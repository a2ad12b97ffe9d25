/** Returns how many columns of a terminal a text takes that holds nothing a terminal would act on. */
export function textWidth(text: string): number {
  let width = 0
  for (const character of text) width += widthOf(character)
  return width
}

/** Cuts a text to what fits into `columns`; an ellipsis stands for its end. */
export function cutEnd(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text
  return columns < 1 ? '' : `${fitting(text, columns - 1)}…`
}

/** As {@link cutEnd}, but the ellipsis stands for the beginning: the end of a path tells more than its folders. */
export function cutStart(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text
  if (columns < 1) return ''
  const reversed = Array.from(text).toReversed().join('')
  return `…${Array.from(fitting(reversed, columns - 1))
    .toReversed()
    .join('')
    .replace(/^\p{M}+/u, '')}`
}

/** Returns text that takes exactly `columns` of a terminal: cut with an ellipsis, or with spaces behind it. */
export function fill(text: string, columns: number): string {
  const cut = cutEnd(text, columns)
  return cut + ' '.repeat(columns - textWidth(cut))
}

/** Returns as much of a text as fits into `columns`. */
function fitting(text: string, columns: number): string {
  let [room, kept] = [columns, '']
  for (const character of text) {
    room -= widthOf(character)
    if (room < 0) break
    kept += character
  }
  return kept
}

function widthOf(character: string): number {
  if (MARK.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}

/** Combining marks; what turns a symbol into an emoji makes it wider, and counts as the column more. */
const MARK = /^(?!\uFE0F)\p{M}$/u

/** The scripts of East Asia, their full-width forms, and emoji. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u
