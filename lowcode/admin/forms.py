"""The forms of the administration."""

from __future__ import annotations

from datetime import date

import flask
import wtforms

from lowcode.accounts.groups import GroupData
from lowcode.accounts.organizations import OrganizationData, ward_names
from lowcode.accounts.users import Place, UserData
from lowcode.errors import Invalid, Problem
from lowcode.web import forms


class UserForm(forms.PageForm):
    """One user. Memberships come as two lists of equal length, the first line being the primary one."""

    login = forms.Text()
    name = forms.Text()
    kana = forms.Text()
    email = forms.Text()
    expires_on = forms.Text()
    locale = wtforms.SelectField(validate_choice=False)
    zone = forms.Text()
    administrator = wtforms.BooleanField()
    must_change_password = wtforms.BooleanField()
    groups = wtforms.SelectMultipleField(validate_choice=False)
    password = forms.Secret()
    places: list[Place]

    @classmethod
    def of(cls, data: UserData) -> UserForm:
        """The form that shows a user."""
        form = cls(
            data={
                "login": data.login,
                "name": data.name,
                "kana": data.kana,
                "email": data.email,
                "expires_on": data.expires_on.isoformat() if data.expires_on else "",
                "locale": data.locale,
                "zone": data.zone,
                "administrator": data.administrator,
                "must_change_password": data.must_change_password,
                "groups": list(data.groups),
            }
        )
        form.places = list(data.places)
        return form

    @classmethod
    def sent(cls) -> UserForm:
        """The form as it was sent."""
        form = cls.posted()
        codes, titles = flask.request.form.getlist("place"), flask.request.form.getlist("title")
        form.places = [Place(code, title.strip()) for code, title in zip(codes, titles, strict=False) if code]
        return form

    def data_of(self, *, active: bool) -> UserData:
        """What was typed. Raises :class:`Invalid` for a date that is none."""
        return UserData(
            login=self.login.data or "",
            name=self.name.data or "",
            kana=self.kana.data or "",
            email=self.email.data or "",
            locale=self.locale.data or "",
            zone=self.zone.data or "",
            active=active,
            administrator=bool(self.administrator.data),
            must_change_password=bool(self.must_change_password.data),
            expires_on=_date(self.expires_on.data or ""),
            places=tuple(self.places),
            groups=tuple(self.groups.data or ()),
        )


class OrganizationForm(forms.PageForm):
    """One organisation."""

    code = forms.Text()
    name = forms.Text()
    parent = wtforms.SelectField(validate_choice=False)
    position = forms.Text()
    wards = forms.Text()
    active = wtforms.BooleanField()

    def data_of(self) -> OrganizationData:
        """What was typed. Raises :class:`Invalid` for a position that is no number."""
        position = self.position.data or "0"
        # Beyond nine digits it fits no column, and nobody has a billion departments.
        if not position.lstrip("-").isdecimal() or len(position) > 9:
            raise Invalid([Problem(code="organization.position", path=("position",), params={"value": position})])
        return OrganizationData(
            code=self.code.data or "",
            name=self.name.data or "",
            parent=self.parent.data or "",
            position=int(position),
            active=bool(self.active.data),
            wards=ward_names(self.wards.data or ""),
        )


class GroupForm(forms.PageForm):
    """One group; its members by log-in name, one a line."""

    code = forms.Text()
    name = forms.Text()
    members = forms.Text()
    active = wtforms.BooleanField()

    def data_of(self) -> GroupData:
        """What was typed."""
        return GroupData(
            code=self.code.data or "",
            name=self.name.data or "",
            members=tuple((self.members.data or "").split()),
            active=bool(self.active.data),
        )


def _date(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise Invalid([Problem(code="user.date", path=("expires_on",), params={"value": text})]) from None
