namespace Audit.Node.Tests.Support;

/// <summary>A condition on a label in an expression.</summary>
internal sealed record LabelMatcher(string Label, string Operator, string Value);

/// <summary>A metric that an expression names, with its conditions.</summary>
internal sealed record Selector(string Metric, IReadOnlyList<LabelMatcher> Matchers);

/// <summary>Reads which metrics an expression of PromQL names; what it does not understand it refuses.</summary>
internal sealed class PromExpression
{
    private static readonly string[] Words =
        ["and", "or", "unless", "bool", "offset", "inf", "nan", "atan2"];

    private static readonly string[] BeforeLabels = ["by", "without", "on", "ignoring", "group_left", "group_right"];

    private readonly string text;
    private readonly List<Selector> selectors = [];
    private int at;
    private int depth;

    private PromExpression(string text) => this.text = text;

    public static IReadOnlyList<Selector> SelectorsOf(string text)
    {
        var expression = new PromExpression(text);
        expression.Read();
        return expression.selectors;
    }

    private char Next => at < text.Length ? text[at] : '\0';

    private void Read()
    {
        for (SkipSpace(); at < text.Length; SkipSpace())
        {
            if (IsNameStart(Next))
            {
                ReadWord();
            }
            else if (char.IsAsciiDigit(Next) || Next == '.')
            {
                ReadNumber();
            }
            else if (Next is '"' or '\'' or '`')
            {
                ReadString();
            }
            else if (Next == '[')
            {
                at = text.IndexOf(']', at) + 1 is > 0 and var end ? end : throw Refuse("an open range");
            }
            else if ("()+-*/%^=!<>~,@".Contains(Next))
            {
                depth += Next switch { '(' => 1, ')' => -1, _ => 0 };
                at++;
            }
            else
            {
                throw Refuse($"\"{Next}\"");
            }

            if (depth < 0)
            {
                throw Refuse("a parenthesis that closes nothing");
            }
        }

        if (depth > 0)
        {
            throw Refuse("an open parenthesis");
        }
    }

    private void ReadWord()
    {
        var word = ReadName();
        SkipSpace();
        if (BeforeLabels.Contains(word))
        {
            SkipLabels();
        }
        else if (Next != '(' && !Words.Contains(word.ToLowerInvariant()) && !IsBeforeLabels())
        {
            selectors.Add(new Selector(word, Next == '{' ? ReadMatchers() : []));
        }
    }

    /// <summary>Whether what stands here makes the word before it an aggregation: `sum by (…)`.</summary>
    private bool IsBeforeLabels()
    {
        var start = at;
        var word = IsNameStart(Next) ? ReadName() : "";
        at = start;
        return word is "by" or "without";
    }

    private void SkipLabels()
    {
        if (Next == '(')
        {
            at = text.IndexOf(')', at) + 1 is > 0 and var end ? end : throw Refuse("an open list of labels");
        }
    }

    private List<LabelMatcher> ReadMatchers()
    {
        var matchers = new List<LabelMatcher>();
        at++;
        for (SkipSpace(); Next != '}'; SkipSpace())
        {
            var label = IsNameStart(Next) ? ReadName() : throw Refuse("no label");
            SkipSpace();
            var sign = new[] { "=~", "!~", "!=", "=" }.FirstOrDefault(one =>
                string.CompareOrdinal(text, at, one, 0, one.Length) == 0) ?? throw Refuse("no comparison");
            at += sign.Length;
            SkipSpace();
            matchers.Add(new LabelMatcher(label, sign, ReadString()));
            SkipSpace();
            at += Next == ',' ? 1 : 0;
        }

        at++;
        return matchers;
    }

    private string ReadString()
    {
        var quote = Next;
        var start = ++at;
        while (Next != quote)
        {
            at += Next == '\\' && quote != '`' ? 2 : 1;
            if (at > text.Length || Next == '\0')
            {
                throw Refuse("an open string");
            }
        }

        return text[start..at++];
    }

    private string ReadName()
    {
        var start = at;
        while (IsNameStart(Next) || char.IsAsciiDigit(Next))
        {
            at++;
        }

        return text[start..at];
    }

    private void ReadNumber()
    {
        while (char.IsAsciiLetterOrDigit(Next) || Next == '.'
            || (Next is '+' or '-' && text[at - 1] is 'e' or 'E'))
        {
            at++;
        }
    }

    private void SkipSpace()
    {
        while (char.IsWhiteSpace(Next))
        {
            at++;
        }
    }

    private static bool IsNameStart(char letter) => char.IsAsciiLetter(letter) || letter is '_' or ':';

    private FormatException Refuse(string what) => new($"{what} at {at} in: {text}");
}
