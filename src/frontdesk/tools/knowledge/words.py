"""The words of texts and questions as the index takes them.

Korean writes particles and endings onto its words and is free with spaces, so words as a whole do
not match: 반품은 is not 반품. SQLite's trigram tokenizer needs three characters and finds no 반품.
So each run of Hangul (of Han and kana, too) becomes its overlapping pairs of characters, in the
index and in the question: 반품은 -> 반품 품은. Any other word stays whole, for SQLite's Porter
stemmer, which changes ASCII endings only and so no Korean.

A question loses what only asks: common words, and Korean particles and endings, whose pairs would
match any text. Of 65 questions to the demo's documents, this puts the right passage first for 60;
pairs of all words 56; words without endings, as prefixes, 55; words as they are 37; trigrams 45.
"""

import re
from collections.abc import Iterator

from frontdesk.contract.text import folded

LONGEST = 1_000
"""What is read of a question, in characters."""
MOST_TERMS = 64

_PAIRED = "가-힣\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"[{_PAIRED}]+|[^\W_{_PAIRED}]+")

_ENDING = re.compile(
    r"""(?x) (?<=[가-힣]{2}) (?:
      은 | 는 | 이 | 가 | 을 | 를 | 의 | 에 | 에서 | 에게 | 에는 | 한테 | 께 | 와 | 과 | 도
    | 만 | 로 | 으로 | 까지 | 부터 | 이나 | 나 | 보다 | 처럼 | 마다 | 밖에 | 라도 | 이라도
    | 들 | 하나요 | 하려면 | 하려고 | 하고 | 하면 | 하는 | 하지 | 하다가 | 하기 | 할까요
    | 할 | 한 | 해 | 해도 | 해요 | 해야 | 했어요 | 했는데 | 합니까 | 합니다 | 되나요 | 되면
    | 되는 | 된 | 될 | 될까요 | 돼 | 돼요 | 됩니까 | 됩니다 | 받나요 | 받으려면 | 인가요
    | 인지 | 이에요 | 예요 | 입니까 | 나요 | 가요 | 까요 | 어요 | 아요 | 죠 | 요 | 네
    ){1,2} $"""
)

_ASKING = frozenset(
    """a about an and any are as at be by can could do does did for from get give has have how i if
    in is it its me my no not of on or our please shall should so tell than that the their them
    there they this to was we what when where which who why will with would you your
    언제 언제까지 어디 어디서 어디로 어떻게 어떤 얼마 얼마나 무엇 무슨 뭐 뭘 뭔가 누가 누구
    왜 몇 것 거 건 게 수 그 이 저 제 내 제가 내가 저는 나는 저희 우리 좀 더 잘 안 못 때 및
    또는 그리고 경우 대해 대한 관련 있나 있는 있을 있어 있습니 있는지 없나 없는 없어 되나
    되는 되는지 하나 하는 하는지 해도 하면 하려 합니 됩니 인가 주세 알려 알려주세 알려줘
    궁금 궁금합니 궁금해 싶어 싶은 싶은데 싶습니 가능 가능한가 가능한지 가능할 문의
    문의드립니 합니다 됩니다 주세요 있어요 있나요 되나요 하나요 할 안에 며칠""".split()  # noqa: SIM905  # shorter so
)


def terms(text: str) -> str:
    """The text as words for the index, with a space between them."""
    return " ".join(term for word in _WORD.findall(folded(text)) for term in _parts(word))


def match(question: str) -> str | None:
    """The question as an FTS5 expression that any of its words fulfils; None when it has no words.

    Only letters and digits of the question enter it, quoted: nothing of it is syntax.
    """
    words = (_bare(word) for word in _WORD.findall(folded(question[:LONGEST])))
    found = dict.fromkeys(term for word in words if word not in _ASKING for term in _wanted(word))
    return " OR ".join(list(found)[:MOST_TERMS]) or None


def _bare(word: str) -> str:
    return _ENDING.sub("", word)


def _wanted(word: str) -> Iterator[str]:
    if len(word) == 1 and _paired(word):
        yield f'"{word}"*'  # 칼 stands in the index as 칼, 칼은, 칼을
        return
    if len(word) == 2 and word[1] in "은는을를":
        yield f'"{word[0]}"*'
    for part in _parts(word):
        yield f'"{part}"'


def _parts(word: str) -> Iterator[str]:
    if len(word) < 3 or not _paired(word):
        yield word
        return
    for at in range(len(word) - 1):
        yield word[at : at + 2]


def _paired(word: str) -> bool:
    return re.match(f"[{_PAIRED}]", word) is not None
