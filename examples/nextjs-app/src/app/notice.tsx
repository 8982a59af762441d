'use client'

import { useEffect, useRef } from 'react'

/** The outcome of what the visitor just did. It takes the focus, which a redirect would drop. */
export function Notice({ text }: { readonly text: string }) {
  const element = useRef<HTMLParagraphElement>(null)
  useEffect(() => {
    if (text !== '') element.current?.focus()
  })
  return (
    <p id="notice" role="status" tabIndex={-1} ref={element}>
      {text}
    </p>
  )
}
