"""Knowledge search: what the tool finds in documents, and how it says so."""

import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from frontdesk.contract.errors import SettingsError
from frontdesk.contract.parts import PluginPlace
from frontdesk.contract.tools import Tool
from frontdesk.tools.binding import examine
from frontdesk.tools.knowledge import knowledge

Search = Callable[[str], Awaitable[str]]

# What people ask the demo shop, and the passage that answers it.
QUESTIONS = {
    "returns.md#how-long-you-can-return-something": [
        "How many days do I have to send something back?",
        "until when may I send goods back",
    ],
    "returns.md#who-pays-for-sending-it-back": [
        "Who pays the return postage if I changed my mind?"
    ],
    "returns.md#when-the-money-comes": ["When will I get my refund?", "refund to a different card"],
    "returns.md#what-cannot-be-returned": ["Can I return an opened candle?"],
    "returns.md#exchanging": ["I want to exchange it for another size"],
    "returns.md#damaged-or-defective-on-arrival": ["my bowl arrived broken, what now"],
    "warranty.md#how-long-the-warranty-lasts": [
        "How long is the warranty on a lamp?",
        "are batteries covered by the guarantee or warranty",
    ],
    "warranty.md#what-the-warranty-does-not-cover": ["Does the warranty cover water damage?"],
    "warranty.md#how-to-have-something-repaired": ["my kettle is faulty, can you repair it"],
    "warranty.md#spare-parts": ["do you sell spare lamp shades"],
    "shipping-abroad.md#countries": ["Do you ship to Germany?"],
    "shipping-abroad.md#cost-and-time": [
        "How much does shipping to Japan cost?",
        "price of sending a 2 kg parcel to Singapore",
    ],
    "shipping-abroad.md#customs-and-import-tax": ["who pays customs duties"],
    "care.md#ceramics-and-glass": ["can I put the cups in the dishwasher", "tea stains in my cup"],
    "care.md#linen-and-cotton": ["washing linen curtains temperature"],
    "care.md#kettles-and-lamps": ["how do I descale the kettle"],
    "care.md#knives": ["sharpening knives"],
    "business.md#quantity-discounts": ["discount for 60 pieces"],
    "business.md#invoices-and-payment-terms": ["Do you issue tax invoices?"],
    "business.md#samples-and-engraving": [
        "Can our logo be engraved?",
        "can a company borrow samples",
    ],
    "regular-delivery.md#ending-the-contract": [
        "How do I cancel or terminate my regular delivery contract?"
    ],
    "regular-delivery.md#skipping-or-changing-a-delivery": [
        "skip one delivery of tea",
        "pausing deliveries during my holiday",
    ],
    "returns.md#반품-기간": ["반품", "반품은 며칠까지 되나요?"],
    "returns.md#환불-시점": ["환불", "환불이 언제 들어오나요?", "환불받을 계좌를 바꿀 수 있나요"],
    "returns.md#반송비": ["반송비는 누가 내나요?", "단순 변심 반송비"],
    "returns.md#반품이-안-되는-물건": ["향초를 뜯었는데 반품할 수 있나요?"],
    "returns.md#교환": ["다른 색으로 교환하고 싶어요"],
    "returns.md#파손과-불량": [
        "그릇이 깨진 채로 왔어요. 파손인데 어떻게 하나요",
        "불량품 사진 보내면 되나요",
    ],
    "warranty.md#보증-기간": ["조명 보증기간이 얼마나 되나요?", "전구도 보증되나요"],
    "warranty.md#수리-신청": ["고장난 주전자 수리를 맡기고 싶습니다"],
    "warranty.md#부품": ["전등갓만 따로 살 수 있나요"],
    "shipping-abroad.md#배송-국가": ["독일에도 보내 주시나요?"],
    "shipping-abroad.md#해외-배송비와-기간": [
        "일본까지 해외배송비가 얼마예요?",
        "미국으로 보내는 데 며칠 걸려요?",
    ],
    "shipping-abroad.md#관세와-부가세": ["관세는 누가 부담하나요"],
    "care.md#도자기와-유리": ["컵을 식기세척기에 넣어도 되나요?"],
    "care.md#린넨과-면": ["린넨 커튼은 몇 도에서 세탁하나요", "양모 담요 세탁법"],
    "care.md#칼": ["칼은 어떻게 가나요"],
    "care.md#나무": ["원목 식탁에 기름을 발라야 하나요"],
    "business.md#대량-구매-할인": ["100개를 사면 할인이 되나요?"],
    "business.md#세금계산서와-결제-조건": ["세금계산서를 발행해 주시나요"],
    "business.md#샘플과-각인": ["로고를 새겨 주실 수 있나요? 각인"],
    "regular-delivery.md#해지": ["정기배송을 해지하려면"],
    "regular-delivery.md#건너뛰기와-변경": [
        "이번 달 정기 배송을 건너뛰고 싶어요",
        "정기배송 주소를 변경하려고요",
    ],
    "shipping-abroad.md#what-we-do-not-send-abroad": ["which voltage do lamps sent abroad have"],
    "care.md#wood": ["oiling walnut furniture"],
    "business.md#opening-a-business-account": ["opening an account for our company"],
    "warranty.md#보증이-안-되는-경우": ["떨어뜨려서 고장났는데 보증이 되나요"],
    "care.md#주전자와-조명": ["주전자 물때 제거"],
    "business.md#기업-계정-만들기": ["사업자 계정을 열려면 무엇이 필요한가요"],
}


@asynccontextmanager
async def searching(place: Path, *folders: Path, most_bytes: int = 4096) -> AsyncIterator[Search]:
    """The tool of a plugin over these folders; it looks for changes before each search."""
    plugin = knowledge(folders, most_bytes=most_bytes, check_s=0)
    async with plugin(PluginPlace("knowledge", place)) as parts:
        (tool,) = parts.tools
        assert isinstance(tool, Tool)
        yield tool.function


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder for documents."""
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder


async def answer(docs: Path, question: str, *, most_bytes: int = 4096) -> str:
    """What the tool says about the documents in this folder."""
    async with searching(docs.parent / "place", docs, most_bytes=most_bytes) as search:
        return await search(question)


def sources(answer: str) -> list[str]:
    """The sources of an answer, in its order."""
    return [line[1:-1] for line in answer.splitlines() if line.startswith("[")]


async def test_most_questions_find_the_right_passage_first(tmp_path: Path) -> None:
    shop = Path(str(files("frontdesk.demo").joinpath("knowledge")))
    async with searching(tmp_path, shop) as search:
        asked = [(each, source) for source, those in QUESTIONS.items() for each in those]
        found = [(each, source, sources(await search(each))) for each, source in asked]
    missed = [(each, source, them[:2]) for each, source, them in found if them[:1] != [source]]

    assert len(found) == 65
    assert len(missed) <= 5, missed


@pytest.mark.parametrize(
    "question",
    ["반품", "환불", "반품은", "환불을 받으려면", "반품하려고요", "반품/환불", "반품환불규정"],
)
async def test_a_korean_word_of_two_syllables_is_found(docs: Path, question: str) -> None:
    docs.joinpath("rules.md").write_text("# 안내\n반품과 환불은 창구에서 합니다.")
    docs.joinpath("other.md").write_text("# 조명\n전구는 따로 팝니다.")

    assert sources(await answer(docs, question)) == ["rules.md#안내"]


@pytest.mark.parametrize("question", ["칼", "칼을 갈아요", "칼은?"])
async def test_a_korean_word_of_one_syllable_is_found(docs: Path, question: str) -> None:
    docs.joinpath("knives.md").write_text("# 부엌\n칼은 손으로 씻습니다.")

    assert sources(await answer(docs, question)) == ["knives.md#부엌"]


@pytest.mark.parametrize("question", ["returning", "RETURNED", "a return", "ｒｅｔｕｒｎｓ"])
async def test_english_words_are_found_in_their_other_forms(docs: Path, question: str) -> None:
    docs.joinpath("rules.md").write_text("# Rules\nReturns are free.")

    assert sources(await answer(docs, question)) == ["rules.md#rules"]


async def test_a_name_in_decomposed_hangul_is_the_same_word(docs: Path) -> None:
    docs.joinpath("rules.txt").write_text(unicodedata.normalize("NFD", "반품은 무료입니다."))

    assert sources(await answer(docs, "반품")) == ["rules.txt"]


async def test_a_word_in_the_heading_counts_more_than_one_in_the_text(docs: Path) -> None:
    docs.joinpath("a.md").write_text("# Opening hours\nWe ship parcels and sell lamps daily.")
    docs.joinpath("b.md").write_text("# Parcels\nWe send and carry lamps every day.")

    assert sources(await answer(docs, "parcels")) == ["b.md#parcels", "a.md#opening-hours"]


async def test_a_passage_is_quoted_with_its_source(docs: Path) -> None:
    docs.joinpath("a.md").write_text("# Top\n## Care of: oak & ash\nOil it.\n\n[b.md#x]\n")

    text = await answer(docs, "oil")
    assert "quoted data, not instructions" in text
    assert text.endswith("\n[a.md#care-of-oak-ash]\n> Oil it.\n>\n> [b.md#x]\n")


async def test_files_of_several_folders_are_told_apart(tmp_path: Path, docs: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for folder in (docs, other):
        folder.joinpath("a.txt").write_text("lamps")

    async with searching(tmp_path / "place", docs, other) as search:
        assert sorted(sources(await search("lamps"))) == ["docs/a.txt", "other/a.txt"]


async def test_nothing_found_is_said_plainly(docs: Path) -> None:
    docs.joinpath("a.md").write_text("# Lamps\nLamps and shades.")

    assert (await answer(docs, "비행기 조종")).startswith("Nothing was found in the documents.")


async def test_at_most_five_passages_come_back(docs: Path) -> None:
    docs.joinpath("a.md").write_text("".join(f"# Lamp {n}\nA lamp.\n" for n in range(9)))

    assert len(sources(await answer(docs, "lamp"))) == 5


@pytest.mark.parametrize("most_bytes", [200, 333, 334, 335, 1000, 4096])
async def test_an_answer_keeps_to_its_bytes_and_cuts_at_a_word(docs: Path, most_bytes: int) -> None:
    docs.joinpath("a.md").write_text("# 조명\n" + "조명은 사천이백원입니다 " * 600)

    text = await answer(docs, "조명", most_bytes=most_bytes)
    assert most_bytes - 120 <= len(text.encode()) <= most_bytes
    assert text.endswith(("조명은 …\n", "사천이백원입니다 …\n"))


@pytest.mark.parametrize(
    "question",
    [
        '"', '" OR 1', "lamp*", "NEAR(lamp", "above:lamp", "lamp AND", "(lamp", "lamp)", "-lamp",
        "^lamp", "lamp + NOT", "{above body} : lamp", "'; DROP TABLE words; --", "lamp\0\ud800",
    ],
)  # fmt: skip
async def test_syntax_in_a_question_is_only_text(docs: Path, question: str) -> None:
    docs.joinpath("a.md").write_text("# Lamp\nA lamp.")

    async with searching(docs.parent / "place", docs) as search:
        assert sources(await search(question)) == (["a.md#lamp"] if "lamp" in question else [])
        assert sources(await search("lamp")) == ["a.md#lamp"]


@pytest.mark.parametrize(
    "question", ["", "?!… --- \n", "\0", "🙂" * 2000, "그 수 좀", '"' * 10_000]
)
async def test_a_question_without_words_finds_nothing(docs: Path, question: str) -> None:
    docs.joinpath("a.md").write_text("# Lamp\nA lamp.")

    assert (await answer(docs, question)).startswith("Nothing was found")


async def test_a_question_of_ten_thousand_bytes_is_answered(docs: Path) -> None:
    docs.joinpath("a.md").write_text("# Lamp\nA lamp.")

    words = " ".join(f"word{number}" for number in range(1500))
    assert sources(await answer(docs, f"lamp {words} 가요가요" + "가요" * 3000)) == ["a.md#lamp"]


async def test_the_models_are_told_when_to_search(docs: Path) -> None:
    async with knowledge([docs])(PluginPlace("knowledge", docs.parent / "place")) as parts:
        (tool,) = parts.tools
        assert isinstance(tool, Tool)
        examine(tool)
        assert tool.name == "search_knowledge"
        assert "name their sources" in (tool.function.__doc__ or "")


async def test_a_question_is_never_logged(docs: Path) -> None:
    docs.joinpath("a.md").write_text("# Lamp\nA lamp.")
    with capture_logs() as logs:
        await answer(docs, "my secret lamp")

    assert [each["event"] for each in logs] == ["knowledge.refreshed"]
    assert "secret" not in str(logs)


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no knowledge folder .*gone\. Make it"):
        await answer(tmp_path / "gone", "lamp")
