-- The model has exactly as many rows as `compare_to` has distinct `key`s: joins neither lose nor multiply rows.
{% test same_count(model, compare_to, key='*', condition='true') %}
    select
        (select count(*) from {{ model }}) as found,
        (select count({{ 'distinct ' ~ key if key != '*' else '*' }}) from {{ compare_to }} where {{ condition }})
            as expected
    from (select 1 as one) as one_row
    where
        (select count(*) from {{ model }})
        <> (select count({{ 'distinct ' ~ key if key != '*' else '*' }}) from {{ compare_to }} where {{ condition }})
{% endtest %}
