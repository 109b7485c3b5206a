package jakarta.annotation;

/** As in Jakarta Annotations, whose package only Maven's registry has. */
public @interface Nullable {}
