/**
 * Makes text from a peer or a file system safe to print: control characters, and the invisible or direction-changing
 * ones that can disguise a name, become backslash escapes, as does the backslash itself, and so do marks piled on one
 * letter beyond what any script needs. The result is one line.
 */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, (character) => SHORT[character] ?? hexEscape(character))
}

/** As {@link escapeText}, for bytes that need not be UTF-8: each byte that is not becomes `\xNN`. */
export function escapeBytes(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes)
  if (!text.includes('\uFFFD')) return escapeText(text)
  return [...bytes]
    .map((byte) => (byte > 0x1f && byte < 0x7f && byte !== 0x5c ? String.fromCharCode(byte) : byteEscape(byte)))
    .join('')
}

// Controls, formats and whatever else shows nothing or changes the direction (zero-width joiners too, but not the
// selectors of emoji style), separators other than the space, lone surrogates, the ninth combining mark in a row.
const UNSAFE =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\\]|(?![\uFE0E\uFE0F])\p{Default_Ignorable_Code_Point}|(?<=\p{M}{8})\p{M}/gu

const SHORT: Partial<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function hexEscape(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return code < 0x100 ? byteEscape(code) : `\\u{${code.toString(16)}}`
}

function byteEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`
}
