namespace Audit.Projections.Language;

/// <summary>Where in an event a text stands.</summary>
public enum TextPlace : byte
{
    /// <summary>Ids of session, call, task and message; the agent and the host.</summary>
    Id,

    /// <summary>The tool's names, the provider and the model.</summary>
    Name,

    Input,

    Output,

    /// <summary>What came back beside the output: data, documents, artifacts.</summary>
    Data,

    /// <summary>Reasons, descriptions, errors, feedback, decisions and who made them.</summary>
    Reason,

    Note,
}

/// <summary>Is shown the texts of an event, one after the other.</summary>
internal interface ITextVisitor
{
    /// <param name="text">Decoded, and valid during the call only.</param>
    /// <param name="isKey">It is the name of a member in an input or in data.</param>
    void Visit(TextPlace place, ReadOnlySpan<char> text, bool isKey);
}
