namespace Audit.Api.Intake;

/// <summary>How a body is cut into items, as its Content-Type says.</summary>
internal enum BodyKind : byte
{
    Whole,
    Lines,
}
