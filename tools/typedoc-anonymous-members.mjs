import { Comment, Converter, ReflectionKind } from 'typedoc'

/**
 * A TypeDoc plugin: members of anonymous types, such as those of an `xDefaults` constant or of a
 * diagnostic's event, are described by what they belong to and need no words of their own.
 */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_END, (context) => {
    for (const member of context.project.getReflectionsByKind(ReflectionKind.Property)) {
      if (member.parent?.kindOf(ReflectionKind.TypeLiteral))
        member.comment ??= new Comment([
          { kind: 'text', text: 'As the description of what it belongs to says.' },
        ])
    }
  })
}
