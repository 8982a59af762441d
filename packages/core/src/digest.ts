import { hash } from 'node:crypto'

/**
 * Names a text: no two texts that anybody will ever meet have the same. 256 bits as 64 hexadecimal
 * digits, to be cut to as many as it takes.
 */
export function digest(text: string): string {
  return hash('sha256', text, 'hex')
}
