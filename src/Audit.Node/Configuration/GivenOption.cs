namespace Audit.Node.Configuration;

/// <summary>A value as somebody wrote it, and where: `--store`, `AUDIT__STORE`, or the setting of a file.</summary>
public sealed record GivenOption(string Value, string Where)
{
    /// <summary>Names the option, the value and what is accepted, in one sentence.</summary>
    public OptionException NotAccepted(string accepted) =>
        new($"{Where} \"{Value}\" is not accepted; accepted is {accepted}.");
}
