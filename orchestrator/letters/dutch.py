"""The letters in Dutch: plain (B1), and formal."""

from orchestrator.letters.words import Section, ToAccess, ToRecipient, Words
from orchestrator.sentences import LEFT_OUT, Waits
from topics.events import Right
from topics.orders import FIXED_REASONS

_FIXED_REASONS = {
    "legal_claim": "Wij hebben dit nodig voor een juridisch geschil (AVG art. 17(3)(e)).",
    "complex": "Het verzoek is ingewikkeld, of er zijn veel verzoeken tegelijk (AVG art. 12(3)).",
    "identity_in_doubt": "Wij twijfelen of het verzoek van uzelf komt (AVG art. 12(6)).",
    "unfounded": "Het verzoek is duidelijk ongegrond (AVG art. 12(5)).",
    "excessive": "Het verzoek is buitensporig, vooral omdat het een eerder verzoek herhaalt (AVG art. 12(5)).",
    "justified": "Uw belang weegt zwaarder dan het onze (AVG art. 21(1)).",
    "outweighed": "Wij hebben dwingende gerechtvaardigde gronden, die zwaarder wegen dan uw belang (AVG art. 21(1)).",
    "no_longer_opposed": "Wat het verzoek in de weg stond, doet dat niet meer.",
    "for_good": "De beperking is gewenst, ook al kan zij niet worden opgeheven.",
}
_LEFT_OUT = "De reden is weggelaten, omdat niemand meer kan nagaan of er iets over u in staat."

_SECTIONS = {
    Section.GONE: ("Wat wij hebben gewist", "Wij hebben daarna gecontroleerd dat deze gegevens er niet meer zijn."),
    Section.ANONYMOUS: (
        "Wat niet meer over u gaat",
        "Deze gegevens staan er nog, maar niemand kan er nog uit opmaken dat ze over u gingen.",
    ),
    Section.KEPT: ("Wat wij moeten bewaren", "Deze gegevens wissen wij nu niet. Per soort leest u waarom niet."),
    Section.SHUT: ("Wat wij hebben afgeschermd", "Deze gegevens staan er nog. Wij bewaren ze alleen, en gebruiken ze niet."),
    Section.FREE: ("Wat wij weer mogen gebruiken", "Deze gegevens zijn niet of niet meer afgeschermd."),
    Section.AGEING: (
        "Wat vanzelf verdwijnt",
        "Deze gegevens kunnen wij niet apart wissen. Ze verdwijnen vanzelf, volgens een vaste regel. Wij kijken dat niet zelf na.",
    ),
    Section.AGED: ("Wat vanzelf verdwenen moet zijn", "Dit volgt uit een vaste regel. Wij hebben het niet zelf nagekeken."),
    Section.PROMISED: (
        "Wat ons is toegezegd",
        "Een leverancier heeft toegezegd dit te doen. Wij kunnen nog niet bevestigen dat het is gebeurd.",
    ),
    Section.UNCHECKED: (
        "Wat wij nog moeten controleren",
        "Wij hebben hiervoor opdracht gegeven, maar nog niet gecontroleerd dat het is gebeurd.",
    ),
    Section.OPEN: ("Wat nog niet klaar is", "Hier kunnen nog gegevens van u staan."),
    Section.TO_DECIDE: (
        "Wat wij nog moeten beslissen",
        "Wat u vraagt, kan het systeem van onze leverancier hier niet meer ongedaan maken. Een medewerker beslist eerst of het gebeurt. "
        "Tot dan is er aan deze gegevens niets veranderd.",
    ),
    Section.BY_HAND: ("Wat een medewerker nog moet doen of beslissen", "Hier kunnen nog gegevens van u staan."),
    Section.UNKNOWN: (
        "Waar wij u niet konden opzoeken",
        "Met wat wij van u weten, kunnen wij hier niet zoeken. Hebt u bijvoorbeeld een klantnummer? Geef dat dan aan ons door.",
    ),
    Section.IMPOSSIBLE: (
        "Wat niet is gelukt",
        "Deze gegevens staan er nog. Het systeem van onze leverancier laat niet toe wat hier nodig is.",
    ),
    Section.TURNED_DOWN: ("Wat wij niet doen", "Hier is niets meer veranderd."),
    Section.ABSENT: ("Waar wij niets hebben gevonden", "Hier hebben wij gezocht met de gegevens die wij van u hebben."),
    Section.NEEDLESS: (
        "Waar niets hoeft te gebeuren",
        "Volgens onze administratie hoeft hier niets te gebeuren. Wij hebben hier niet gezocht.",
    ),
    Section.TOLD: (
        "Wie wij hebben ingelicht",
        "Deze organisaties hadden gegevens van u van ons gekregen. Wij hebben ze per brief ingelicht (AVG art. 19) en bewaren daarvan "
        "het bewijs. Wilt u weten welke organisaties dit zijn? Vraag het ons.",
    ),
}

_AREAS = {
    "ticketing": "onze klantenservice",
    "mailing_list": "onze mailinglijst",
    "accounting": "onze boekhouding",
    "payments": "onze betalingen",
    "hosting": "onze website en e-mailvoorzieningen",
    "mailbox": "onze e-mail",
    "analytics": "onze bezoekcijfers",
    "remote_support": "onze hulp op afstand",
    "database": "onze eigen administratie",
    "other": "een ander systeem of archief van ons",
}

_NOUNS = {
    "": ("ander gegeven", "andere gegevens"),
    "access_user": ("gebruiker met toegang", "gebruikers met toegang"),
    "address": ("e-mailadres", "e-mailadressen"),
    "attachment": ("bijlage", "bijlagen"),
    "backup": ("reservekopie", "reservekopieën"),
    "ban": ("blokkering", "blokkeringen"),
    "block": ("geblokkeerd adres", "geblokkeerde adressen"),
    "circular": ("bericht aan veel mensen", "berichten aan veel mensen"),
    "comment": ("opmerking", "opmerkingen"),
    "connection_report": ("verslag van een verbinding", "verslagen van verbindingen"),
    "contact": ("contactgegeven", "contactgegevens"),
    "contact_person": ("contactpersoon", "contactpersonen"),
    "copy": ("kopie", "kopieën"),
    "customer": ("klantgegeven", "klantgegevens"),
    "desk_customer": ("klant van de klantenservice", "klanten van de klantenservice"),
    "draft": ("conceptfactuur", "conceptfacturen"),
    "estimate": ("offerte", "offertes"),
    "forward": ("doorstuuradres", "doorstuuradressen"),
    "invoice": ("factuur", "facturen"),
    "log": ("logbestand", "logbestanden"),
    "mailbox": ("postbus", "postbussen"),
    "mandate": ("machtiging", "machtigingen"),
    "message": ("bericht", "berichten"),
    "order": ("bestelling", "bestellingen"),
    "organization_member": ("lid van een organisatie", "leden van een organisatie"),
    "payment": ("betaling", "betalingen"),
    "payment_link": ("betaallink", "betaallinks"),
    "quarantined_message": ("tegengehouden bericht", "tegengehouden berichten"),
    "record": ("gegeven", "gegevens"),
    "recording": ("opname", "opnamen"),
    "recurring_invoice": ("terugkerende factuur", "terugkerende facturen"),
    "session": ("sessie", "sessies"),
    "shared_forward": ("gedeeld doorstuuradres", "gedeelde doorstuuradressen"),
    "subject": ("profiel", "profielen"),
    "subscriber": ("inschrijving", "inschrijvingen"),
    "subscription": ("abonnement", "abonnementen"),
    "subscription_request": ("aanvraag voor inschrijving", "aanvragen voor inschrijving"),
    "ticket": ("melding", "meldingen"),
    "transaction": ("boeking", "boekingen"),
    "user": ("gebruiker", "gebruikers"),
    "visit": ("websitebezoek", "websitebezoeken"),
    "worklog": ("urenregel", "urenregels"),
}

_WAITS = {
    Waits.KEEPS: (
        "Wij wachten nog met wissen. U hebt ons gevraagd uw gegevens te bewaren, en alleen het gebruik te beperken (AVG art. "
        "18(1)). Zolang dat geldt, wissen wij ze niet. Wilt u dat wij ze toch wissen? Vraag ons dan de beperking op te heffen."
    ),
    Waits.CLAIM: (
        "Wij wachten nog met wissen. Gegevens van u zijn nodig voor een juridisch geschil (AVG art. 17(3)(e)). Wij gaan verder "
        "als dat voorbij is, of als wij dat eerder beslissen. Denkt u dat uw gegevens daarvoor niet nodig zijn? Laat ons weten "
        "waarom."
    ),
    Waits.OBJECTION_EXAMINED: (
        "Wij wachten nog met wissen. Wij onderzoeken eerst uw bezwaar (AVG art. 21(1)). Geven wij u gelijk, dan wissen wij uw "
        "gegevens. Wilt u iets toevoegen aan uw bezwaar? Laat het ons weten."
    ),
    Waits.OBJECTION_REJECTED: (
        "Wij wachten nog met wissen. Uw bezwaar, waarop dit verzoek steunt, vonden wij niet terecht (AVG art. 21(1)). Wij "
        "beslissen nog of er een andere reden is om te wissen. Weet u die? Laat het ons weten."
    ),
    Waits.RESTRICTION: (
        "Wij wachten nog met opheffen. U hebt ons ook gevraagd het gebruik van uw gegevens te beperken (AVG art. 18), en niet "
        "om juist dat op te heffen. Wilt u dat wel? Laat het ons weten."
    ),
    Waits.STILL_EXAMINED: (
        "Wij wachten nog met opheffen. Wij onderzoeken eerst uw bezwaar (AVG art. 18(1)(d)). Wilt u het bezwaar intrekken, of "
        "iets toevoegen? Laat het ons weten."
    ),
    Waits.OBJECTION_UPHELD: (
        "Wij wachten nog met opheffen. Uw bezwaar was terecht, en daarom gebruiken wij uw gegevens niet meer (AVG art. 21(1)). "
        "Wilt u dat wij ze weer gebruiken? Laat het ons weten."
    ),
    Waits.NOT_STOPPED: (
        "Wij wachten nog met opheffen. U hebt bezwaar gemaakt of uw toestemming ingetrokken (AVG art. 7(3) en 21(3)), en dat is"
        " nog niet overal uitgevoerd. Wilt u dat wij uw gegevens toch weer gebruiken? Laat het ons weten."
    ),
    Waits.KEPT_FOR_LAW: (
        "Wij wachten nog met opheffen. Een deel van uw gegevens bewaren wij alleen nog omdat dat moet (AVG art. 17(3)), en dat "
        "blijft afgeschermd. Hebt u die gegevens zelf nodig? Laat het ons weten."
    ),
}

_RECIPIENT = ToRecipient(
    about={
        "erase": "Wissen van persoonsgegevens (AVG art. 17 en 19)",
        "restrict": "Beperken van het gebruik van persoonsgegevens (AVG art. 18 en 19)",
        "lift": "Opheffen van een beperking van persoonsgegevens",
    },
    done={
        "erase": "Wij wissen de persoonsgegevens van de persoon die onder aan deze brief staat.",
        "restrict": "Wij beperken het gebruik van de persoonsgegevens van de persoon die onder aan deze brief staat: wij bewaren "
        "ze alleen nog.",
        "lift": "Wij heffen de beperking op van de persoonsgegevens van de persoon die onder aan deze brief staat.",
    },
    duty="U hebt gegevens van deze persoon van ons gekregen, of u verwerkt ze voor ons. Daarom laten wij u dit weten.",
    own={
        "erase": "Bent u zelf verantwoordelijk voor deze gegevens? Ga dan na of ook u ze moet wissen.",
        "restrict": "Bent u zelf verantwoordelijk voor deze gegevens? Ga dan na of ook u het gebruik moet beperken.",
        "lift": "Bent u zelf verantwoordelijk voor deze gegevens? Ga dan na of ook u de beperking kunt opheffen.",
    },
    ordered={
        "erase": "Verwerkt u deze gegevens voor ons? Dan is deze brief onze opdracht om ze te wissen, met alle kopieën, behalve wat u "
        "volgens de wet moet bewaren (AVG art. 28(3)).",
        "restrict": "Verwerkt u deze gegevens voor ons? Dan is deze brief onze opdracht om ze alleen nog te bewaren (AVG art. 28(3)).",
        "lift": "Verwerkt u deze gegevens voor ons? Dan mag u ze weer gebruiken zoals met ons is afgesproken (AVG art. 28(3)).",
    },
    confirm_by="Wilt u ons uiterlijk op {day} schriftelijk laten weten wat u hebt gedaan, en op welke dag?",
    confirm_soon="Wilt u ons zo snel mogelijk schriftelijk laten weten wat u hebt gedaan, en op welke dag?",
    only_reference="Noem in uw antwoord ons kenmerk, en niet de naam van de persoon.",
    to="Aan (met de hand invullen):",
    code="Persoon (code)",
    who="Om wie het gaat. Vul dit met de hand in: deze brief is gemaakt zonder gegevens van de persoon.",
    name="Naam:",
    known_by="Nummer of adres waaronder u de persoon kent:",
)

_ACCESS = ToAccess(
    about="Waar uw persoonsgegevens staan (AVG art. 15)",
    received="Op {day} ontvingen wij uw vraag welke gegevens wij van u hebben. U leest hieronder wie gegevens van u voor ons bewaart, of "
    "van ons heeft gekregen, en welke soort gegevens dat zijn.",
    holders=("Wie gegevens van u heeft", "Tussen haakjes leest u waarvoor wij dit gebruiken."),
    no_copy="Deze brief zegt waar uw gegevens staan. Het is geen kopie van uw gegevens. Waarvoor wij ze gebruiken, en hoe lang, staat in "
    "onze privacyverklaring.",
)

DUTCH = Words(
    months=(
        "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december",
    ),
    gdpr="AVG",
    reference="Ons kenmerk",
    about_word="Onderwerp",
    greeting="Goedendag,",
    closing="Met vriendelijke groet,",
    about={
        Right.ERASURE: "Het wissen van uw persoonsgegevens",
        Right.RESTRICTION: "Het beperken van het gebruik van uw persoonsgegevens",
        Right.LIFTING: "Het opheffen van de beperking van uw persoonsgegevens",
        Right.OBJECTION: "Uw bezwaar tegen het gebruik van uw persoonsgegevens",
        Right.WITHDRAWAL: "Het intrekken van uw toestemming",
    },
    received={
        Right.ERASURE: "Op {day} ontvingen wij het verzoek om uw persoonsgegevens te wissen.",
        Right.RESTRICTION: "Op {day} ontvingen wij het verzoek om het gebruik van uw persoonsgegevens te beperken.",
        Right.LIFTING: "Op {day} ontvingen wij het verzoek om de beperking van uw persoonsgegevens op te heffen.",
        Right.OBJECTION: "Op {day} ontvingen wij uw bezwaar tegen het gebruik van uw persoonsgegevens.",
        Right.WITHDRAWAL: "Op {day} ontvingen wij het bericht dat u uw toestemming intrekt.",
    },
    no_longer_needed="Op {day} is bij ons vastgelegd dat uw persoonsgegevens gewist moeten worden, omdat wij ze niet meer nodig hebben.",
    done="Wij hebben dit uitgevoerd in alle systemen die hieronder staan.",
    done_but_kept="Wij hebben dit uitgevoerd in alle systemen die hieronder staan. Een deel van uw gegevens staat er nog. "
    "U leest hieronder welk deel, waarom, en tot wanneer.",
    not_done="Wij zijn nog niet klaar. U leest hieronder wat is gedaan en wat nog niet.",
    until="De wet geeft ons hiervoor de tijd tot en met {day}. Als er iets verandert, krijgt u een nieuwe brief.",
    late="Wij hadden uiterlijk op {day} klaar moeten zijn. Dat is niet gelukt. Als er iets verandert, krijgt u een nieuwe brief.",
    answered_late="Wij hadden u uiterlijk op {day} moeten antwoorden. Dat is niet gelukt.",
    refused_late="Wij hadden u dit uiterlijk op {day} moeten laten weten (AVG art. 12(4)). Dat is niet gelukt.",
    promise_broken="Wij hadden beloofd u uiterlijk op {day} te antwoorden. Die belofte hebben wij niet gehouden.",
    waits=_WAITS,
    lifting_from="Vanaf {day} heffen wij de beperking van het gebruik van uw persoonsgegevens op. Daarna mogen wij ze weer gebruiken. "
    "Wij laten u dat weten voordat het gebeurt (AVG art. 18(3)).",
    lifting_now="Wij heffen nu de beperking van het gebruik van uw persoonsgegevens op. Daarna mogen wij ze weer gebruiken "
    "(AVG art. 18(3)).",
    turned_down="Wij voeren dit niet uit.",
    rest_turned_down="Wij voeren dit niet verder uit. Wat wel is gedaan, leest u hieronder.",
    referred="Wij voeren dit niet zelf uit. Wij verwerken deze gegevens voor een andere organisatie, en die beslist erover. Uw verzoek is "
    "daarom naar die organisatie doorverwezen (AVG art. 28(3)).",
    examining="Wij onderzoeken uw bezwaar nog. U leest hieronder wat er zolang met uw gegevens gebeurt.",
    objection_upheld="Wij geven u gelijk: uw bezwaar is terecht.",
    objection_rejected="Wij hebben uw bezwaar onderzocht, en wij vinden het niet terecht.",
    upheld="Wij hebben besloten dit uit te voeren.",
    paused="Wij moeten eerst zeker weten dat dit verzoek van u komt. Tot dan gaan wij niet verder, en staat de termijn "
    "stil (AVG art. 12(6)).",
    was_paused="Van {began} tot {ended} stond de termijn stil. Wij moesten toen eerst zeker weten dat het verzoek van u kwam.",
    extended="Op {day} hebben wij vastgelegd dat wij twee maanden extra nodig hebben (AVG art. 12(3)).",
    reason="Onze reden: “{reason}”",
    fixed_reasons={FIXED_REASONS[word]: sentence for word, sentence in _FIXED_REASONS.items()} | {LEFT_OUT: _LEFT_OUT},
    sections=_SECTIONS,
    areas=_AREAS,
    nouns=_NOUNS,
    statutes={
        "AWR art. 52(4)": "waardoor wij onze boekhouding zeven jaar moeten bewaren voor de Belastingdienst",
        "Wet OB 1968 art. 34a": "waardoor wij gegevens over de btw op gebouwen en grond langer moeten bewaren",
        "Directive 2006/112/EC art. 369k(2)": "waardoor wij verkopen aan klanten in andere EU-landen tien jaar moeten bewaren",
    },
    kept_until="{what}, tot en met {day}.",
    law="De wet die dat eist: {statute} (uitzondering volgens {exception}).",
    claim="Wij hebben dit nodig voor een juridisch geschil ({exception}).",
    claim_until="{what}. Uiterlijk op {day} beoordelen wij dit opnieuw.",
    over="Die dag is voorbij: dit moet nog worden gewist.",
    belongs_to="{what}, tot en met {day}. Dit hoort bij {kinds} die wij moeten bewaren.",
    rule_stands="Deze regel staat in: “{source}”",
    stays_shut="De afscherming blijft zolang dat duurt.",
    not_yet_erased="Wissen is hier nog niet gelukt.",
    can_be_lifted="U kunt ons vragen de beperking op te heffen. Voordat de beperking eindigt, laten wij u dat weten (AVG art. 18(3)).",
    until_decided="Dit blijft zo tot wij over uw bezwaar hebben beslist (AVG art. 18(1)(d)).",
    gone_after="{what}, uiterlijk weg na {day}.",
    should_be_gone="{what}, weg na {day}.",
    told_on="{area}: op {day}.",
    disagree="Bent u het hier niet mee eens?",
    tell_us="Laat het ons weten: {contact}.",
    complaint="U kunt een klacht indienen bij {authority} (AVG art. 77).",
    court="U kunt naar de rechter gaan (AVG art. 79).",
    courts_of={"NL": "In Nederland geldt daarvoor meestal een termijn van zes weken na ons antwoord (UAVG art. 34 en 35)."},
    authorities={"NL": "de Autoriteit Persoonsgegevens, autoriteitpersoonsgegevens.nl"},
    any_authority="de toezichthouder voor privacy in het land waar u woont of werkt, of waar het volgens u misging",
    limits="Wat deze brief niet zegt",
    limits_of="Deze brief gaat over de systemen die hierboven staan, en over gegevens die wij konden vinden met wat wij van u weten. In "
    "reservekopieën en logbestanden van leveranciers kunnen nog kopieën staan, behalve waar hierboven een dag is genoemd.",
    we_keep="Wij bewaren een bewijs van de afhandeling. Uw naam staat daar niet in.",
    we_keep_request="Het verzoek zelf staat tot en met {day} nog in ons berichtensysteem.",
    we_keep_request_sealed="Het verzoek zelf staat tot en met {day} nog versleuteld in ons berichtensysteem.",
    we_keep_sealed="Een versleutelde kopie van het verzoek blijft bij ons bewaard.",
    we_keep_key="Een versleutelde kopie van het verzoek kunnen wij lezen tot uiterlijk {day}. Daarna kan niemand dat meer.",
    we_keep_tokens="Om te merken of uw gegevens per ongeluk terugkomen, bijvoorbeeld uit een reservekopie, bewaren wij er tot en met {day} "
    "een onleesbaar kenmerk van, en gebruiken dat voor niets anders. U kunt daartegen bezwaar maken (AVG art. 21 lid 1).",
    address="Deze brief gaat naar het adres dat wij al van u hebben. In de brief staan geen naam en geen adres van u.",
    recipient=_RECIPIENT,
    access=_ACCESS,
)  # fmt: skip
