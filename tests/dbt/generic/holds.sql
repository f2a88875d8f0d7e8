-- `expression` is true in every row; the arithmetic identities of a mart are written so.
{% test holds(model, expression, column_name=none) %}
    select *
    from {{ model }}
    where not ({{ expression }})
{% endtest %}
