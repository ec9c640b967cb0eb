namespace Audit.Lifecycle.Redaction;

/// <summary>Passwords that a line types or hands over, with no option before them.</summary>
internal static class TypedPasswords
{
    public static IEnumerable<Trigger> Triggers { get; } =
    [
        .. new[] { "chpasswd", "password-stdin", "passwd --stdin", "sudo -S", "vncpasswd", "with-token" }
            .Select(taking => new Trigger(taking, MatchPiped)),
        new("net use ", MatchNetUse),
        .. new[] { "send \"", "send \\", "send -- " }.Select(sending => new Trigger(sending, MatchSend)),
    ];

    /// <summary>`echo password | program`</summary>
    private static void MatchPiped(ref SecretScan scan, int at)
    {
        var from = Math.Max(0, at - (SecretScan.Reach / 2));
        var line = scan.Text[from..at];
        var start = line.LastIndexOfAny('\r', '\n') + 1;
        var pipe = line.LastIndexOf('|');
        var echo = pipe < start ? -1 : line[start..pipe].LastIndexOf("echo ");
        echo = echo < 0 && pipe > start ? line[start..pipe].LastIndexOf("printf ") : echo;
        if (echo < 0)
        {
            return;
        }

        var words = line[(start + echo)..pipe].TrimEnd(" \t\"'\\\n");
        var word = words.LastIndexOfAny(" \t\"'") + 1;
        var secret = words[word..];
        if (secret.IndexOf(':') is > 0 and var colon)
        {
            word += colon + 1;
            secret = secret[(colon + 1)..];
        }

        if (!Placeholders.IsOne(secret) && secret[0] != '$')
        {
            scan.Add(from + start + echo + word, secret.Length, RuleNames.CommandPassword);
        }
    }

    /// <summary>`net use X: \\host\share password /user:name`</summary>
    private static void MatchNetUse(ref SecretScan scan, int at)
    {
        var command = CommandLines.CommandAt(scan.Text, at);
        if (!Letters.BeginsWord(scan.Text, at) || !command.Contains("/user:", StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        for (var place = "net use ".Length; place < command.Length;)
        {
            var length = command[place..].IndexOfAny(Placeholders.Space);
            var word = length < 0 ? command[place..] : command.Slice(place, length);
            var secret = word.TrimStart("\"'");
            var isPlace = secret.IsEmpty || secret[0] is '\\' or '/' or '*' or '-' || secret is [_, ':', ..];
            if (!isPlace && secret.TrimEnd("\"'") is var value && !Placeholders.IsOne(value))
            {
                scan.Add(at + place + word.Length - secret.Length, value.Length, RuleNames.CommandPassword);
                return;
            }

            place += word.Length + 1;
        }
    }

    /// <summary>`expect "assword:" { send "password\r" }`</summary>
    private static void MatchSend(ref SecretScan scan, int at)
    {
        var before = scan.Text[Math.Max(0, at - (SecretScan.Reach / 2))..at];
        if (!Letters.BeginsWord(scan.Text, at)
            || !(before.Contains("assword", StringComparison.OrdinalIgnoreCase)
                || before.Contains("assphrase", StringComparison.OrdinalIgnoreCase)))
        {
            return;
        }

        var start = at + "send ".Length;
        start += scan.Text[start..].StartsWith("-- ") ? "-- ".Length : 0;
        start += start < scan.Text.Length && scan.Text[start] == '\\' ? 1 : 0;
        if (start >= scan.Text.Length || scan.Text[start] is not ('"' or '\''))
        {
            return;
        }

        var secret = scan.Text[(start + 1)..Math.Min(scan.Text.Length, start + SecretScan.Reach)];
        var end = secret.IndexOfAny("\"'\\\r\n");
        secret = end < 0 ? secret : secret[..end];
        if (!Placeholders.IsOne(secret) && secret[0] != '$' && !secret.Contains(' '))
        {
            scan.Add(start + 1, secret.Length, RuleNames.CommandPassword);
        }
    }
}
