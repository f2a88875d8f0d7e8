-- What each touch before a meeting or deal weighs, by model, as whole numbers: credit is a touch's share of their
-- sum. touch_position counts from 1 in the order of sending to touch_count; last_sent_at is the last touch's.
-- time_decay halves every seven days before the last touch, in billionths; position_based gives 40 % to the first,
-- 40 % to the last and 20 % to all between them.
{% macro attribution_weights() %}
    {{ return({
        'first_touch': 'case when touch_position = 1 then 1 else 0 end',
        'last_touch': 'case when touch_position = touch_count then 1 else 0 end',
        'linear': '1',
        'time_decay': 'floor(power(cast(0.5 as double precision), cast('
            ~ whole_seconds('sent_at', 'last_sent_at')
            ~ ' as double precision) / 604800) * 1000000000 + 0.5)',
        'position_based': 'case when touch_count <= 2 then 1'
            ~ ' when touch_position in (1, touch_count) then 2 * (touch_count - 2) else 1 end',
    }) }}
{% endmacro %}
