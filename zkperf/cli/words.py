"""What citizens read at the terminal, in English and in Chinese."""

from __future__ import annotations

import os

LANGUAGES = ("en", "zh")

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "ledger": "Ledger   {name}  (genesis {genesis})",
        "round": "Round    {name}",
        "service": "Service  {name}",
        "until": "Until    {time}: you can rate until then, and replace your rating",
        "no end": "Until    the round is closed, which may be at any time: no end is announced",
        "published": "What will be published when the round is over:",
        "histogram": "  - “{question}”: how many chose each answer",
        "total": "  - “{question}”: the total and the mean of all answers, not how many gave which",
        "optional histogram": (
            "  - “{question}”: how many chose each answer, where at least {k_min} answered it"
        ),
        "optional total": "  - “{question}”: the total and the mean, where at least {k_min} answered it",
        "k_min": (
            "Groups with fewer than {k_min} ratings are never opened. {threshold} of {members} members "
            "together open totals; no single rating is ever opened."
        ),
        "issued": "Tokens drawn here so far, says the service: {issued}. No rating can be tied to one.",
        "few issued": (
            "That is fewer than {k_min}. You can stop now and rate later: your token is kept "
            "(run the same command again)."
        ),
        "not hidden": (
            "Not hidden: that somebody used this voucher. The office that gave it to you may know to whom."
        ),
        "token drawn": "Token drawn. Nobody can tie it to your voucher.",
        "used elsewhere": "this voucher has been used already, on another device or with another wallet",
        "token there": "Your token is here already.",
        "rated before": "You have rated here before. A new rating replaces it ({left} more possible).",
        "not yet": "this round is not open yet: keep your voucher and come back later",
        "over": "this round is over: it takes no ratings any more",
        "no more": "This rating has been replaced as often as this ledger allows ({limit}).",
        "resent": "Your last rating was sent but not confirmed. Now it is. Run this again to replace it.",
        "was there": (
            "Your last rating had arrived, only the ledger's promise was lost: fetch its receipt after the "
            "round. Run this again to replace it."
        ),
        "required": "  (required)",
        "optional": "; Enter: no answer",
        "choose one": "One number, 1 to {last}",
        "choose some": "Numbers, separated by commas ({fewest} to {most} of them)",
        "zero": "; 0: none of these",
        "prompt": "   {hint}: ",
        "comma": ", ",
        "none of these": "none of these",
        "level": "A whole number, {lowest} to {highest}",
        "bad number": "Expected a whole number from {lowest} to {highest}.",
        "bad count": "Expected {fewest} to {most} different numbers from 1 to {last}.",
        "needed": "This question needs an answer.",
        "your answers": "Your answers:",
        "answered": "  {question}: {answer}",
        "no answer": "no answer",
        "send?": "Send this rating? [Y/n] ",
        "not sent": "Nothing was sent. Your token is kept: run the same command again to rate.",
        "waiting": (
            "Waiting {seconds:.0f} s before sending, so that the time of sending says less about you "
            "(--delay 0 sends at once). Ctrl-C: nothing is sent."
        ),
        "promised": (
            "Sent. The ledger has promised to put your rating on the log, at the latest at close.\n"
            "The promise is kept in {path}. If your rating is missing then, it convicts the ledger."
        ),
        "erased": "Your answers are not kept here, and nothing that is kept can prove what you answered.",
        "scrollback": "They may still be visible on this screen: close the window when you are done.",
        "later": (
            "Nothing was rated yet. Come back at another time, hours or days from now: the time of your "
            "rating then says less about whose it is. The token is kept, the voucher not needed any more:\n"
            "  {command}\n"
            "To rate at once, add --now."
        ),
        "next": "After the round: {command}",
        "ended": "the input ended at question {question!r}: nothing was sent",
        "close ends": "Closing {round} ends it for good: nobody can rate or report in it any more.",
        "close abandons": "{round} is not open yet: closing abandons it, and vouchers for it are void.",
        "close early": "{round} has announced that it is open until {time}: it cannot be closed before",
        "close reports": "{reports} of {providers} providers have reported.",
        "close all": "As of {time} every unit has enough to be published.",
        "close withheld": (
            "As of {time} these would be withheld (fewer than {k_min}, or to protect such): {units}"
        ),
        "close nothing": "As of {time} NOTHING would be published: there are fewer than {k_min}.",
        "more units": " and {count} more",
        "close?": "Close it?",
        "closed already": "{round} is closed already.",
        "rehearsal": "REHEARSAL: this ledger is for trying out; nothing on it is for real.",
        "abandon early": "{round} may be abandoned from {time} on, not before",
        "abandon ends": (
            "Abandoning {round} gives it up for good: none of its {entries} entries will ever be opened, "
            "what is sealed of them is deleted, and promises about it are void."
        ),
        "unfinished": "{round} is not finished: {phase}.",
        "unfinished checks": "Still to finish their checks: {members}. {enough} members are enough.",
        "unfinished lost": (
            "Leaf {leaf}: its sealed shares are lost to {members}. They can restore them from a copy of "
            "ledger.db; where {enough} members have lost them, the entry falls out."
        ),
        "damaged": "Leaf {leaf}: {why}. Restore ledger.db from a copy that has it, before the round ends.",
        "unfinished more": "So are those of {count} more leaves.",
        "unfinished sums": "Still to post their sums: {members}; {threshold} of them are needed in all.",
        "unfinished next": (
            "From {deadline} on a deadline lets those who are done go on, if they are enough (zkperf round "
            "deadline); from {end} on any member can give the round up (zkperf round abandon)."
        ),
        "abandon?": "Abandon it?",
        "agree": "{question} [y/N] ",
        "agree no": "nothing was done",
        "agree nobody": "nobody can be asked here, so nothing was done; --yes goes on without asking",
    },
    "zh": {
        "ledger": "账本   {name}（创世摘要 {genesis}）",
        "round": "轮次   {name}",
        "service": "服务   {name}",
        "until": "截止   {time}：此前均可评价或替换评价",
        "no end": "截止   未公布截止时间，本轮随时可能结束",
        "published": "本轮结束后将公布：",
        "histogram": "  - “{question}”：每个选项各有多少人选择",
        "total": "  - “{question}”：全部回答的总和与平均值，不公布各数值有多少人填写",
        "optional histogram": "  - “{question}”：每个选项各有多少人选择，且只在至少 {k_min} 人回答时公布",
        "optional total": "  - “{question}”：总和与平均值，且只在至少 {k_min} 人回答时公布",
        "k_min": (
            "评价少于 {k_min} 份的单位永远不会开启。"
            "{members} 个成员单位中须有 {threshold} 个共同参与才能开启总数；任何单份评价都不会被开启。"
        ),
        "issued": "据服务端称，此处已领取 {issued} 个令牌。没有人能分辨哪个令牌对应哪份评价。",
        "few issued": "少于 {k_min} 人。您可以现在停止、以后再评：令牌已保存（再次运行同一命令即可）。",
        "not hidden": "不隐藏的是：有人使用了这张凭证。发给您凭证的机构可能知道它发给了谁。",
        "token drawn": "令牌已领取，没有人能把它与您的凭证联系起来。",
        "used elsewhere": "这张凭证已在另一台设备或另一个钱包中使用过",
        "token there": "您的令牌已在本机。",
        "rated before": "您已评价过。新的评价将替换旧的（还可替换 {left} 次）。",
        "not yet": "本轮评价尚未开始：请保管好凭证，稍后再来",
        "over": "本轮评价已经结束，不再接受评价",
        "no more": "本账本允许的替换次数（{limit} 次）已用完。",
        "resent": "您上一份评价已发出但未得到确认，现已确认。如要替换，请再次运行本命令。",
        "was there": "您上一份评价已送达，只是承诺丢失：请在本轮结束后领取回执。如要替换，请再次运行。",
        "required": "（必答）",
        "optional": "；直接回车：不回答",
        "choose one": "请输入一个编号，1 至 {last}",
        "choose some": "请输入编号，用逗号分隔（{fewest} 至 {most} 个）",
        "zero": "；0：以上都不是",
        "prompt": "   {hint}：",
        "comma": "、",
        "none of these": "以上都不是",
        "level": "请输入整数，{lowest} 至 {highest}",
        "bad number": "应为 {lowest} 至 {highest} 之间的整数。",
        "bad count": "应为 {fewest} 至 {most} 个不同的编号，范围 1 至 {last}。",
        "needed": "此题必须回答。",
        "your answers": "您的回答：",
        "answered": "  {question}：{answer}",
        "no answer": "不回答",
        "send?": "发送这份评价吗？（是／否，直接回车即发送）",
        "not sent": "没有发送任何内容。令牌已保存：再次运行同一命令即可评价。",
        "waiting": (
            "等待 {seconds:.0f} 秒后发送，使发送时间更少透露您的信息（--delay 0 立即发送）。"
            "按 Ctrl-C 则不发送。"
        ),
        "promised": (
            "已发送。账本承诺最迟在本轮截止时将您的评价写入日志。\n"
            "承诺保存在 {path}。届时若日志中没有您的评价，此承诺就是账本违约的证据。"
        ),
        "erased": "您的回答没有保存在本机；所保存的内容也无法证明您答了什么。",
        "scrollback": "屏幕上可能仍能看到您的回答：完成后请关闭窗口。",
        "later": (
            "尚未评价。请过几小时或几天再来：这样您评价的时间就更少透露它是谁的。"
            "令牌已保存，不再需要凭证：\n"
            "  {command}\n"
            "如要立即评价，请加上 --now。"
        ),
        "next": "本轮结束后请运行：{command}",
        "ended": "输入在题目 {question!r} 处中断：没有发送任何内容",
        "close ends": "结束“{round}”后无法恢复：此后谁也不能再评价或报送。",
        "close abandons": "“{round}”尚未开始：现在结束即作废，其凭证全部失效。",
        "close early": "“{round}”已公布开放至 {time}：在此之前不能结束",
        "close reports": "{providers} 家机构中已有 {reports} 家报送。",
        "close all": "截至 {time}，各单位均已达到公布所需的数量。",
        "close withheld": "截至 {time}，下列单位将不予公布（不足 {k_min} 份，或为保护其他单位）：{units}",
        "close nothing": "截至 {time}，将没有任何结果可以公布：数量不足 {k_min}。",
        "more units": "，以及另外 {count} 个",
        "close?": "确定结束吗？",
        "closed already": "“{round}”已经结束。",
        "rehearsal": "演练：本账本仅供试用，其上的一切均不作数。",
        "abandon early": "{round} 须到 {time} 之后才可放弃",
        "abandon ends": (
            "放弃 {round} 后无法恢复：其中 {entries} 份提交永远不会开启，"
            "封存的内容将被删除，有关承诺随之失效。"
        ),
        "unfinished": "{round} 尚未完成：{phase}。",
        "unfinished checks": "尚未完成核对的成员：{members}。须有 {enough} 个成员完成。",
        "unfinished lost": (
            "第 {leaf} 条记录：{members} 已没有其封存份额。可从 ledger.db 的副本恢复；"
            "如有 {enough} 个成员都没有，这份提交即作废。"
        ),
        "damaged": "第 {leaf} 条记录：{why}。请在本轮结束前用 ledger.db 的完好副本恢复。",
        "unfinished more": "另有 {count} 条记录也是如此。",
        "unfinished sums": "尚未提交合计的成员：{members}；共需 {threshold} 个。",
        "unfinished next": (
            "{deadline} 起可用 zkperf round deadline 让已完成的成员继续（人数足够时）；"
            "{end} 起任何成员可用 zkperf round abandon 放弃本轮。"
        ),
        "abandon?": "确定放弃吗？",
        "agree": "{question}（是／否，直接回车为否）",
        "agree no": "没有做任何事",
        "agree nobody": "此事无法恢复，而此处无法询问：没有做任何事；确要继续请加 --yes",
    },
}

YES = frozenset({"", "y", "yes", "是", "好", "发送"})
NO = frozenset({"n", "no", "否", "不"})


def default_language() -> str:
    """The language of this terminal: zh where the locale says so, en otherwise."""
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if locale.lower().startswith("zh") else "en"


class Words:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._words = WORDS[language]

    def __call__(self, key: str, **values: object) -> str:
        return self._words[key].format(**values)
