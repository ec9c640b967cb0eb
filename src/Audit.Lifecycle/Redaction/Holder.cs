namespace Audit.Lifecycle.Redaction;

/// <summary>The object or array that a value stands in, with what its neighbours say of it.</summary>
internal struct Holder
{
    private const int LongestArgument = 256;

    private SecretName named;
    private Speaks speaks;
    private string? before;
    private bool namesUser;

    /// <summary>What a member says of its neighbours.</summary>
    private enum Speaks : byte
    {
        Nothing,
        Name,
        Program,
    }

    public bool IsArray { get; init; }

    /// <summary>What the name of the member, or of the list, says of the value.</summary>
    public SecretName Name { get; set; }

    /// <summary>What the object is the value of, where a type stands between: `{"stringValue": …}`.</summary>
    public SecretName Given { get; init; }

    /// <summary>What the arguments are given to: the first of them, or what a member beside them names.</summary>
    public string? Program { get; set; }

    /// <summary>A private key began in a line before, where texts are lists of lines.</summary>
    public bool IsInKey { get; set; }

    /// <summary>The part of the last argument that is a password; nothing where there is none.</summary>
    public Range Secret { get; private set; }

    /// <summary>Whether its name, which says what the value is, may stand behind it.</summary>
    public readonly bool WantsName => !IsArray && IsOfValue && named.Strength == NameStrength.None;

    /// <summary>Whether the program of these arguments may be named behind them.</summary>
    public readonly bool WantsProgram => !IsArray && IsOfArguments && Program is null;

    /// <summary>The member's value is what the object's name is of.</summary>
    private bool IsOfValue { get; set; }

    private bool IsOfArguments { get; set; }

    public static bool IsNaming(ReadOnlySpan<char> name) => name is "name" or "key" or "Name" or "Key";

    public static bool IsProgram(ReadOnlySpan<char> name) =>
        name is "command" or "cmd" or "program" or "executable" or "exe" or "file" or "path" or "bin" or "Command";

    /// <summary>A member begins.</summary>
    public void Enter(ReadOnlySpan<char> name)
    {
        // `{"name": "DB_PASSWORD", "value": …}`
        speaks = IsNaming(name) ? Speaks.Name : IsProgram(name) ? Speaks.Program : Speaks.Nothing;
        IsOfValue = name.EndsWith("value", StringComparison.OrdinalIgnoreCase) || name is "plaintext" or "text";
        IsOfArguments = name is "args" or "arguments" or "argv" or "Args" or "Arguments";
        Name = SecretName.Find(name);
        if (named.Strength != NameStrength.None && name is "value" or "Value")
        {
            Name = named;
        }
        else if (Given.IsStrong ? IsOfValue : Given.Strength != NameStrength.None && Name.Strength == NameStrength.None)
        {
            // `{"passwords": {"root": …}}`
            Name = Given;
        }
    }

    /// <summary>What stands behind the value, in the same object, says what it is.</summary>
    public void Learn(SecretName name) => Name = name.Strength == NameStrength.None ? Name : name;

    /// <summary>A string follows. Returns what is known of it before it is looked at.</summary>
    public SecretName Follow(ReadOnlySpan<char> value)
    {
        Secret = default;
        if (!IsArray)
        {
            named = speaks == Speaks.Name ? SecretName.Find(value) : named;
            Program = speaks == Speaks.Program ? Short(value) : Program;
            return Name;
        }

        var known = Name.Strength != NameStrength.None || before is null
            ? Name
            : CommandLines.AfterArgument(Program, before, value, namesUser);
        Secret = CommandLines.InArgument(Program, before, value);
        var argument = Short(value);
        Program = CommandLines.ProgramIn(Program, before, argument);
        before = argument;
        namesUser |= argument is "-u" or "-U" or "--user" or "--username";
        return known;
    }

    private static string Short(ReadOnlySpan<char> value) => value.Length <= LongestArgument ? value.ToString() : "";
}
