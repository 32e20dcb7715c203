"""Where the effects of the composite types' settings are proven: ``file.function`` under ``tests/fields``."""

from __future__ import annotations

import typing as t

COMPOSITE: t.Final[dict[tuple[str, str], str]] = {
    **{
        (kind, "entities"): "test_user_select.test_entities"
        for kind in ("USER_SELECT", "ORGANIZATION_SELECT", "GROUP_SELECT")
    },
    **{
        (kind, "defaultValue"): "test_user_select.test_default_value"
        for kind in ("USER_SELECT", "ORGANIZATION_SELECT", "GROUP_SELECT")
    },
    **{
        (kind, "required"): "test_user_select.test_required"
        for kind in ("USER_SELECT", "ORGANIZATION_SELECT", "GROUP_SELECT")
    },
    ("FILE", "required"): "test_file.test_required",
    ("FILE", "thumbnailSize"): "test_file.test_thumbnail_size",
    ("CALC", "required"): "test_calc.test_required_is_kept_and_not_enforced",
    ("CALC", "expression"): "test_calc.test_expression_and_format",
    ("CALC", "format"): "test_calc.test_expression_and_format",
    ("CALC", "hideExpression"): "test_calc.test_hide_expression",
    ("CALC", "displayScale"): "test_calc.test_shown",
    ("CALC", "unit"): "test_calc.test_shown",
    ("CALC", "unitPosition"): "test_calc.test_shown",
    ("CALC", "scale"): "test_calc.test_scale",
    ("SERIAL", "pattern"): "test_serial.test_pattern",
    ("SERIAL", "reset"): "test_serial.test_reset",
    ("SERIAL", "gapFree"): "test_serial.test_gap_free_is_kept",
    ("ROLLUP", "rollup"): "test_rollup.test_settings",
    ("CALC", "disclose"): "test_disclose.test_disclose_shows_a_calculated_value_without_its_sources",
    ("SINGLE_LINE_TEXT", "disclose"): "test_disclose.test_disclose_shows_a_calculated_value_without_its_sources",
    ("ROLLUP", "disclose"): "test_disclose.test_disclose_shows_a_roll_up_without_its_records",
    ("ROLLUP", "format"): "test_rollup.test_format_decides_the_column",
    ("ROLLUP", "unit"): "test_rollup.test_shown",
    ("ROLLUP", "unitPosition"): "test_rollup.test_shown",
    ("ROLLUP", "displayScale"): "test_rollup.test_shown",
    ("TOKEN", "form"): "test_token.test_form_shows_the_link",
    ("TOKEN", "expiresAfterDays"): "test_token.test_when_it_accepts",
    ("TOKEN", "oncePerDay"): "test_token.test_when_it_accepts",
    ("REFERENCE_TABLE", "referenceTable"): "test_reference_table.test_part_is_kept",
    ("SUBTABLE", "fields"): "test_subtable.test_wrong_inner_fields",
    ("SINGLE_LINE_TEXT", "lookup"): "test_lookup.test_behaves_as_its_base",
    ("NUMBER", "lookup"): "test_lookup.test_behaves_as_its_base",
    ("LINK", "lookup"): "test_lookup.test_behaves_as_its_base",
}
