import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

export interface AskFormProps {
  readonly label: string
  readonly button: string
  readonly onAsk: (text: string) => void
  readonly children?: ComponentChildren
}

/** One question in one field. */
export function AskForm({ label, button, onAsk, children }: AskFormProps) {
  const id = useId()
  const ask = (event: SubmitEvent): void => {
    event.preventDefault()
    const field = (event.currentTarget as HTMLFormElement).elements.namedItem('text')
    const text = (field as HTMLInputElement).value.trim()
    if (text !== '') onAsk(text)
  }
  return (
    <form class="ask" onSubmit={ask}>
      <label for={id}>{label}</label>
      <input id={id} name="text" autocomplete="off" spellcheck={false} required />
      <button type="submit" class="main">
        {button}
      </button>
      {children}
    </form>
  )
}
