package jakarta.annotation;

/** As in Jakarta Annotations, whose package only Maven's registry has. */
public @interface Generated {
    String[] value();

    String date() default "";

    String comments() default "";
}
