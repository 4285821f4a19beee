"""The words that route files may use, with their meaning in plain English.

A route names conditions, documents and kinds of party by these ids; a file that
uses any other word does not load. Summaries are ours: pointers, not the text of the
law, and not legal advice.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Mapping


CONDITIONS: Mapping[str, str] = MappingProxyType(
    {
        "both-specified": "Holder and recipient are both named in the Schedule, as it "
        "stands on the day.",
        "same-objective": "The same objective is specified for the holder and for the "
        "recipient.",
        "held-for-functions": "The holder has the information for its own functions.",
        "service-provider-limit": "A party listed only as a service provider acts "
        "within that service.",
        "purpose-bound-use": "The data is used only for the purpose of the disclosure.",
        "code-regard": "Both sides have had regard to the code of practice.",
        "dp-compliance": "Data-protection law is met in full; the power does not "
        "lift it.",
        "ipa-compliance": "The disclosure is not barred by the Investigatory Powers "
        "Act 2016.",
        "no-onward": "The recipient does not pass the data on.",
        "hmrc-onward-consent": "Where the data came from HMRC, the Commissioners have "
        "consented to any onward use.",
        "minimised": "Only the columns, people and period that the purpose needs.",
        "necessary-proportionate": "Disclosure is necessary and proportionate, and the "
        "reasons are written down.",
        "fair-debt": "The fairness principles for debt are followed, with care for "
        "people in difficulty.",
        "deidentified-first": "Data is processed so that nobody is identified before "
        "the researcher sees it.",
        "accredited-people": "Everyone who uses the data is an accredited researcher.",
        "accredited-project": "The research project is accredited.",
        "accredited-processor": "Whoever processes the data is an accredited "
        "processor.",
        "reasonable-steps": "Everyone involved takes reasonable steps against "
        "accidental and deliberate disclosure.",
        "health-asc-bar": "The data is not held for health-service or adult social "
        "care functions.",
        "pilot-first": "The share starts as a pilot with an end date.",
        "recipient-needs-for-function": "The official is satisfied that the recipient "
        "needs the data for one of its functions.",
        "prescribed-purpose": "The purpose is one that regulations prescribe.",
        "prescribed-recipient": "The recipient is one that regulations prescribe.",
        "opt-out-check": "National data opt-outs are respected, or shown not to apply.",
        "confidence-check": "The duty of confidence is met or lawfully lifted.",
        "art6-basis": "Each side has its own lawful basis under UK GDPR Article 6.",
        "art9-condition": "Special category data has a condition under UK GDPR "
        "Article 9.",
        "art10-condition": "Criminal offence data has a condition under UK GDPR "
        "Article 10.",
        "transparency": "People are told, or a reason for not telling them is "
        "recorded.",
        "retention-set": "A date is set by which copies are destroyed.",
        "extent-check": "The power extends to the nation concerned.",
        "in-force-check": "The provision is in force on the day of disclosure.",
        "no-decisions-on-individuals": "Nothing is decided about any one person with "
        "this data.",
        "no-future-propensity": "Matching does not look for a mere likelihood of "
        "future fraud.",
    }
)

DOCUMENTS: Mapping[str, str] = MappingProxyType(
    {
        "isa": "Information sharing agreement",
        "dpia": "Data protection impact assessment",
        "privacy-notice": "Privacy notice",
        "register-entry": "Entry in the public register of agreements",
        "business-case": "Business case agreed by every party",
        "review-board": "Recommendation of the review board",
        "ministerial-approval": "Approval by the minister",
        "dua": "Data usage agreement",
        "mou": "Memorandum of understanding",
        "apd": "Appropriate policy document",
        "researcher-accreditation": "Accreditation of each researcher",
        "project-accreditation": "Accreditation of the project",
        "processor-accreditation": "Accreditation of the processor",
        "ethics-assessment": "Ethics self-assessment",
        "data-owner-approval": "Approval by the data owner",
        "dars-agreement": "Agreement with NHS England",
        "disclosure-record": "Record of each disclosure",
        "security-plan": "Security plan",
        "board-notice": "Notice served by the Statistics Board",
    }
)

PARTIES: Mapping[str, str] = MappingProxyType(
    {
        "ministerial-department": "Ministerial department",
        "non-ministerial-department": "Non-ministerial department",
        "executive-agency": "Executive agency",
        "arms-length-body": "Arm’s-length body",
        "local-authority": "Local authority",
        "combined-authority": "Combined authority",
        "fire-authority": "Fire authority",
        "police": "Police",
        "school": "School",
        "university": "University",
        "nhs-body": "NHS body",
        "health-regulator": "Health regulator",
        "civil-registration-official": "Civil registration official",
        "statistics-authority": "Statistics authority",
        "accredited-processor": "Accredited processor",
        "devolved-government": "Devolved government",
        "devolved-body": "Devolved body",
        "regulator": "Regulator",
        "court": "Court",
        "private-company": "Private company",
        "charity": "Charity",
        "public": "The public",
    }
)

NATIONS = frozenset({"England", "Wales", "Scotland", "Northern Ireland"})

# Which kinds of party an organisation of this service may be. Several, or none,
# means that the software cannot tell and asks.
KINDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "central-department": frozenset(
            {"ministerial-department", "non-ministerial-department"}
        ),
        "executive-agency": frozenset({"executive-agency"}),
        "arms-length-body": frozenset({"arms-length-body"}),
        "local-authority": frozenset({"local-authority"}),
        "health-body": frozenset({"nhs-body"}),
        "police": frozenset({"police"}),
        "university": frozenset({"university"}),
        "other": frozenset(),
    }
)
