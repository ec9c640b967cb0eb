namespace Audit.Actors.Messages;

/// <summary>What a <see cref="MailItem"/> tells.</summary>
public static class MailKind
{
    public const byte Call = 1;
    public const byte Note = 2;
    public const byte Window = 3;
    public const byte Operator = 4;
}
