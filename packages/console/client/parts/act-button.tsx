import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { lookAnew } from '../live.ts'
import { say } from '../notice.tsx'
import { act, type Deed } from '../server.ts'
import { mayOperate } from '../viewer.ts'

export interface ActButtonProps<T> {
  readonly label: string
  readonly action: string
  readonly input: object
  /** What will happen, in a sentence: asked before it does. */
  readonly question: string
  readonly isDanger?: boolean
  readonly onDone?: (deed: Deed<T>) => void
}

/** A button that acts once its question was answered; nothing for who may only look. */
export function ActButton<T = unknown>(props: ActButtonProps<T>) {
  const isAsking = useSignal(false)
  const { label, isDanger = false } = props
  if (!mayOperate.value) return null
  return (
    <>
      <button
        type="button"
        class={isDanger ? 'danger' : undefined}
        onClick={() => (isAsking.value = true)}
      >
        {label}
      </button>
      {isAsking.value && <Question {...props} onClose={() => (isAsking.value = false)} />}
    </>
  )
}

function Question<T>(props: ActButtonProps<T> & { readonly onClose: () => void }) {
  const { label, action, input, question, isDanger = false, onDone, onClose } = props
  const dialog = useRef<HTMLDialogElement>(null)
  const isActing = useSignal(false)
  useEffect(() => dialog.current?.showModal(), [])
  const confirm = async (): Promise<void> => {
    isActing.value = true
    const answer = await act<T>(action, input)
    // The focus returns to the button.
    dialog.current?.close()
    lookAnew()
    if (!answer.isOk) return say(answer.reason, true)
    say(`Done: ${answer.value.outcome}.`)
    onDone?.(answer.value)
  }
  return (
    <dialog ref={dialog} aria-label={label} onClose={onClose}>
      <p>{question}</p>
      <p class="buttons">
        <button type="button" class="plain" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        <button
          type="button"
          class={isDanger ? 'danger' : 'main'}
          disabled={isActing.value}
          onClick={() => void confirm()}
        >
          {isActing.value ? 'Working…' : label}
        </button>
      </p>
    </dialog>
  )
}
